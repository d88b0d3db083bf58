//! What files are opened for, in several tests.

use deterministic_fs::OpenOptions;

pub(crate) const READ: OpenOptions = OpenOptions {
    create: false,
    directory: false,
    exclusive: false,
    truncate: false,
    read: true,
    write: false,
    follow: true,
};

pub(crate) const WRITE: OpenOptions = OpenOptions { write: true, ..READ };
