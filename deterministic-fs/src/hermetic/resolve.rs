//! Paths, as Linux walks them beneath an open directory.

use std::sync::Arc;

use crate::error::ErrorCode;
use crate::node::{Body, Node, NodeId, Nodes};
use crate::types::{NAME_MAX, PATH_MAX, SYMLINK_MAX};

/// Where a path leads.
pub(super) enum Place {
    Object(NodeId),
    /// Nowhere, and the directory where it would be is there. Only if it was looked for to be made.
    Missing {
        directory: NodeId,
        name: Arc<str>,
    },
}

/// How a path is walked.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    /// Whether a symbolic link in the last place is followed.
    pub(super) follow: bool,
    /// Whether a file is made if there is none.
    pub(super) create: bool,
}

/// Walks `path` from the directory `start`, above which it must not lead.
pub(super) fn walk(nodes: &Nodes, start: NodeId, path: &str, how: Walk) -> Result<Place, ErrorCode> {
    no_nul(path)?;
    if path.is_empty() {
        return Err(ErrorCode::NoEntry);
    }
    if path.len() > PATH_MAX {
        return Err(ErrorCode::NameTooLong);
    }
    if path.starts_with('/') {
        return Err(ErrorCode::NotPermitted);
    }
    let mut at = start;
    let mut rest = path;
    // What is left to walk behind each symbolic link that was not in the last place: at most `SYMLINK_MAX`.
    let mut behind: Vec<&str> = Vec::new();
    let mut links = 0;
    let Walk { mut follow, create } = how;
    let mut must_be_directory = false;
    loop {
        let (name, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut next = after.trim_start_matches('/');
        if next.is_empty() {
            next = behind.pop().unwrap_or_default();
        }
        let last = next.is_empty();
        match name {
            "." => {}
            ".." => {
                // The root of all that may be reached is the directory that the path starts from, not the mount's.
                if at == start {
                    return Err(ErrorCode::NotPermitted);
                }
                at = parent_of(nodes, at).ok_or(ErrorCode::NotPermitted)?;
            }
            _ => {
                if last && !after.is_empty() {
                    if create {
                        return Err(ErrorCode::IsDirectory);
                    }
                    must_be_directory = true;
                    follow = true;
                }
                let Some((id, node)) = entry(nodes, at, name)? else {
                    return if last && create {
                        Ok(Place::Missing { directory: at, name: name.into() })
                    } else {
                        Err(ErrorCode::NoEntry)
                    };
                };
                match &node.body {
                    Body::Directory(_) => at = id,
                    Body::SymbolicLink(target) if follow || !last => {
                        links += 1;
                        if links > SYMLINK_MAX {
                            return Err(ErrorCode::Loop);
                        }
                        if target.starts_with('/') {
                            return Err(ErrorCode::NotPermitted);
                        }
                        if !last {
                            behind.push(next);
                        }
                        rest = target;
                        continue;
                    }
                    _ if must_be_directory || !last => return Err(ErrorCode::NotDirectory),
                    _ => return Ok(Place::Object(id)),
                }
            }
        }
        if last {
            return Ok(Place::Object(at));
        }
        rest = next;
    }
}

/// Walks to an object that is there.
pub(super) fn object(nodes: &Nodes, start: NodeId, path: &str, follow: bool) -> Result<NodeId, ErrorCode> {
    match walk(nodes, start, path, Walk { follow, create: false })? {
        Place::Object(id) => Ok(id),
        Place::Missing { .. } => Err(ErrorCode::NoEntry),
    }
}

/// The directory that `path` leads into, and the name in it: as cap-std takes paths apart before it asks the host, so that
/// the name is `.` wherever the path requires a directory or ends in `..`. The name is not checked.
pub(super) fn parent<'a>(nodes: &Nodes, start: NodeId, path: &'a str) -> Result<(NodeId, &'a str), ErrorCode> {
    if path.is_empty() {
        return Err(ErrorCode::NoEntry);
    }
    let (directory, name) = if path.ends_with('/') || path.ends_with("/.") {
        (path, ".")
    } else {
        match path.rsplit_once('/') {
            _ if path == ".." || path.ends_with("/..") => (path, "."),
            Some((directory, name)) => match trim(directory) {
                "" => ("/", name),
                directory => (directory, name),
            },
            None => return Ok((start, path)),
        }
    };
    let id = object(nodes, start, directory, true)?;
    match nodes.get(id).map(|node| &node.body) {
        Some(Body::Directory(_)) => Ok((id, name)),
        _ => Err(ErrorCode::NotDirectory),
    }
}

/// Without slashes and dots at the end, which do not count towards its length.
fn trim(mut path: &str) -> &str {
    while let Some(shorter) = path.strip_suffix('/').or_else(|| path.strip_suffix("/.")) {
        path = shorter;
    }
    path
}

/// Without slashes at the end.
pub(super) fn without_slashes(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" if !path.is_empty() => "/",
        path => path,
    }
}

pub(super) fn no_nul(path: &str) -> Result<(), ErrorCode> {
    if path.as_bytes().contains(&0) { Err(ErrorCode::Invalid) } else { Ok(()) }
}

/// The entry `name` of a directory.
pub(super) fn entry<'a>(
    nodes: &'a Nodes,
    directory: NodeId,
    name: &str,
) -> Result<Option<(NodeId, &'a Node)>, ErrorCode> {
    if name.len() > PATH_MAX {
        return Err(ErrorCode::NameTooLong);
    }
    let node = nodes.get(directory).ok_or(ErrorCode::BadDescriptor)?;
    let Body::Directory(directory) = &node.body else { return Err(ErrorCode::NotDirectory) };
    // It was removed and is still open.
    if node.links == 0 {
        return Err(ErrorCode::NoEntry);
    }
    if name.len() > NAME_MAX {
        return Err(ErrorCode::NameTooLong);
    }
    let Some(id) = directory.entries.get(name) else { return Ok(None) };
    Ok(nodes.get(*id).map(|node| (*id, node)))
}

pub(super) fn parent_of(nodes: &Nodes, id: NodeId) -> Option<NodeId> {
    match &nodes.get(id)?.body {
        Body::Directory(directory) => directory.parent,
        _ => None,
    }
}

/// How many directories there are above it.
pub(super) fn depth(nodes: &Nodes, id: NodeId) -> usize {
    std::iter::successors(parent_of(nodes, id), |id| parent_of(nodes, *id)).count()
}

/// Whether `above` is `below` or a directory that it is in, at any depth.
pub(super) fn is_above(nodes: &Nodes, above: NodeId, below: NodeId) -> bool {
    std::iter::successors(Some(below), |id| parent_of(nodes, *id)).any(|id| id == above)
}
