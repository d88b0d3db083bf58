//! What goes wrong: for the guest to see, or for the embedder.

use thiserror::Error;

/// What a guest is told, by the names of `wasi:filesystem/types`' `error-code`. Every host has the same code for the same
/// situation; [`ErrorCode::from_host`] has the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Error)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The host's permissions deny it (`EACCES`).
    #[error("access denied")]
    Access,
    /// The descriptor is not of the kind, or not open in the mode, that the call needs (`EBADF`).
    #[error("bad descriptor")]
    BadDescriptor,
    /// The object is in use (`EBUSY`).
    #[error("resource busy")]
    Busy,
    /// The two paths are on different file systems (`EXDEV`).
    #[error("cross-device link")]
    CrossDevice,
    /// There is an object of this name already (`EEXIST`).
    #[error("file exists")]
    Exist,
    /// The file would be longer than a file can be, or than the host lets this process make it (`EFBIG`). At the latter limit
    /// Unix sends SIGXFSZ besides, which ends a process that does not handle it.
    #[error("file too large")]
    FileTooLarge,
    /// A name is not UTF-8, or not one that this file system can store (`EILSEQ`).
    #[error("illegal byte sequence")]
    IllegalByteSequence,
    /// There is no room left (`ENOSPC`).
    #[error("no space left")]
    InsufficientSpace,
    /// The argument makes no sense (`EINVAL`).
    #[error("invalid argument")]
    Invalid,
    /// The host failed in a way that has no code of its own (`EIO`).
    #[error("input/output error")]
    Io,
    /// The object is a directory and must not be (`EISDIR`).
    #[error("is a directory")]
    IsDirectory,
    /// Too many symbolic links, or one where none may be followed (`ELOOP`).
    #[error("too many levels of symbolic links")]
    Loop,
    /// A name has more than 255 bytes, or a path more than 4095 (`ENAMETOOLONG`).
    #[error("file name too long")]
    NameTooLong,
    /// There is no such object (`ENOENT`).
    #[error("no such file or directory")]
    NoEntry,
    /// The object is not a directory and must be (`ENOTDIR`).
    #[error("not a directory")]
    NotDirectory,
    /// The directory has entries (`ENOTEMPTY`).
    #[error("directory not empty")]
    NotEmpty,
    /// The path leads out of the directory, or the mount is read-only (`EPERM`).
    #[error("operation not permitted")]
    NotPermitted,
    /// A number does not fit (`EOVERFLOW`).
    #[error("value too large")]
    Overflow,
    /// The object has as many names as it can have (`EMLINK`).
    #[error("too many links")]
    TooManyLinks,
    /// Not for this kind of object, such as opening a fifo, a socket, or a device that is not the same on every host (`ENOTSUP`).
    #[error("not supported")]
    Unsupported,
}

/// Why an operation did not happen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// For the guest.
    #[error(transparent)]
    Code(#[from] ErrorCode),
    /// For the embedder: the host could not give what the embedder vouched for. A guest must not see it, since on another
    /// machine it would not be there; the run cannot go on.
    #[error(
        "the host failed to read {path} of a tree whose contents were left for later: {reason}; read the tree whole at the start, or keep it unchanged during the run"
    )]
    Contents {
        /// The file, in the tree.
        path: String,
        /// What the host said, or how the file differs from what it was.
        reason: String,
    },
    /// For the embedder: the recorded run had a failure here that only its embedder was told of.
    #[error("the recorded run failed here: {reason}")]
    Ended {
        /// What it said.
        reason: String,
    },
    /// For the embedder: the host has run out of something that has nothing to do with what the guest asked for. On another
    /// machine it would not have; the run cannot go on.
    #[error("the host has no more {what} to give: {reason}; raise its limit and run again")]
    Exhausted {
        /// Of what.
        what: &'static str,
        /// What the host said.
        reason: String,
    },
    /// For the embedder: what the trace has for an answer of a live directory is none. It was damaged, or made by somebody
    /// else.
    #[error("the trace has no answer to {question}: {what}")]
    Malformed {
        /// What was asked, as [`describe_question`](crate::describe_question) says it.
        question: String,
        /// What is wrong with the answer.
        what: &'static str,
    },
    /// For the embedder: a live directory answered, and the answer was not recorded. A replay would end here, and so does the
    /// run.
    #[error("what a live directory answered was not recorded: {0}")]
    NotRecorded(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// For the embedder: the recording does not say what a live directory answers. This is another run than the recorded
    /// one, or the recording ends here.
    #[error("the recording does not say what a live directory answers: {0}")]
    NotReplayed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// For the embedder: what was read is a device of random bytes, which the run's generator has and the file system has
    /// not. No offset matters, and what was asked for is there as a whole.
    #[error("a device of random bytes was read; fill the buffer with those of the run's own generator")]
    RandomDevice,
    /// For the embedder: a fifo, a socket or a device cannot be encoded.
    #[error("{path} is a fifo, a socket or a device that was moved, which cannot be kept; leave it out of the tree")]
    Special {
        /// Where it is in the tree.
        path: String,
    },
    /// For the embedder: a guest nested directories deeper than a path can express, so that what it changed cannot
    /// be listed.
    #[error(
        "below {path} the guest went deeper than a path can say; take the tree as it is, without a list of changes"
    )]
    TooDeep {
        /// The beginning of the path.
        path: String,
    },
}

/// What operations give.
pub type Result<T, E = Error> = std::result::Result<T, E>;
