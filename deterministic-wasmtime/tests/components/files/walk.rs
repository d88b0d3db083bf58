//! What a guest learns of a tree, by 0.2 and by 0.3.

use deterministic_wasmtime::{ComponentCtx, Deterministic, DeterministicView as _, p3};
use p3_types::HostDescriptorWithStore as _;
use wasmtime::component::{Accessor, Resource};
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    HostDescriptor as _, HostDirectoryEntryStream as _, PathFlags,
};
use wasmtime_wasi::p3::bindings::filesystem::types as p3_types;

use super::{Fd, Host, fd};

/// Path, kind, size, names, times and number of one object.
pub(super) type Object = (String, String, u64, u64, [Option<(u64, u32)>; 3], (u64, u64));

impl Host {
    /// The entries of a directory of 0.2, in the order in which they come.
    pub(super) fn list(&mut self, dir: Fd) -> Vec<String> {
        let mut view = self.view();
        let stream = view.read_directory(fd(dir)).unwrap();
        let mut names = Vec::new();
        while let Some(entry) = view.read_directory_entry(Resource::new_borrow(stream.rep())).unwrap() {
            names.push(entry.name);
        }
        view.read_directory_entry(Resource::new_borrow(stream.rep())).unwrap();
        wasmtime_wasi::p2::bindings::sync::filesystem::types::HostDirectoryEntryStream::drop(&mut view, stream)
            .unwrap();
        names
    }

    /// All objects of the paths, by 0.2.
    pub(super) fn stat_all(&mut self, paths: &[String]) -> Vec<Object> {
        let root = self.root();
        let mut view = self.view();
        let mut objects = Vec::new();
        for path in paths {
            let stat = view.stat_at(fd(root), PathFlags::empty(), path.clone()).unwrap();
            let hash = view.metadata_hash_at(fd(root), PathFlags::empty(), path.clone()).unwrap();
            let times = [stat.data_access_timestamp, stat.data_modification_timestamp, stat.status_change_timestamp];
            objects.push((
                path.clone(),
                format!("{:?}", stat.type_).rsplit("::").next().unwrap().to_owned(),
                stat.size,
                stat.link_count,
                times.map(|time| time.map(|time| (time.seconds, time.nanoseconds))),
                (hash.lower, hash.upper),
            ));
        }
        objects
    }

    /// Everything below the root, by 0.2: directories before what is in them.
    pub(super) fn paths(&mut self) -> Vec<String> {
        let mut paths = Vec::new();
        let mut left = vec![String::new()];
        while let Some(directory) = left.pop() {
            let open = match directory.as_str() {
                "" => self.root(),
                path => self.read_only(path),
            };
            for name in self.list(open) {
                let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
                let root = self.root();
                let kind = self.view().stat_at(fd(root), PathFlags::empty(), path.clone()).unwrap().type_;
                if format!("{kind:?}").contains("Directory") {
                    left.push(path.clone());
                }
                paths.push(path);
            }
        }
        paths
    }

    /// Runs a call of 0.3.
    pub(super) fn run3<R: Send>(
        &mut self,
        call: impl AsyncFnOnce(&Accessor<ComponentCtx, Deterministic>) -> R + Send,
    ) -> R {
        let waits = self.store.data().deterministic().waits();
        let run = self.store.run_concurrent(async |accessor| {
            call(&accessor.with_getter::<Deterministic>(ComponentCtx::deterministic_view)).await
        });
        p3::block_on(&waits, run).unwrap().unwrap()
    }

    /// As [`stat_all`](Host::stat_all), by 0.3.
    pub(super) fn stat_all3(&mut self, paths: &[String]) -> Vec<Object> {
        let root = self.root();
        let paths = paths.to_vec();
        self.run3(async move |store| {
            let mut objects = Vec::new();
            for path in paths {
                let flags = p3_types::PathFlags::empty();
                let stat = Deterministic::stat_at(store, fd(root), flags, path.clone()).await.unwrap();
                let hash = Deterministic::metadata_hash_at(store, fd(root), flags, path.clone()).await.unwrap();
                let times =
                    [stat.data_access_timestamp, stat.data_modification_timestamp, stat.status_change_timestamp];
                objects.push((
                    path,
                    format!("{:?}", stat.type_).rsplit("::").next().unwrap().to_owned(),
                    stat.size,
                    stat.link_count,
                    times.map(|time| time.map(|time| (time.seconds as u64, time.nanoseconds))),
                    (hash.lower, hash.upper),
                ));
            }
            objects
        })
    }
}
