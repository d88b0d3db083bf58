//! The directories of the builder.

use std::fs::File;
use std::sync::Arc;

use cap_std::fs::Dir;
use deterministic_fs::Access;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::filesystem::{Descriptor, FsPerms, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::preopens::Host as _;

use crate::DeterministicCtx;

impl DeterministicCtx {
    /// Mounts the directories that were given to the builder of `wasi`, live. The `build_deterministic*` functions do so;
    /// call it yourself for a [`WasiCtx`] that was built in another way.
    ///
    /// A directory that the host cannot open once more (it is out of descriptors) ends the guest with
    /// [`Error::Directory`](crate::Error::Directory) when it first uses a file.
    pub fn mount_preopens(&mut self, wasi: &mut WasiCtx) {
        let mut table = ResourceTable::new();
        let mut view = WasiFilesystemCtxView { ctx: wasi.filesystem(), table: &mut table };
        // Fails only when the table is full, and it is new.
        let preopens = view.get_directories().unwrap_or_default();
        for (descriptor, guest) in preopens {
            let Ok(Descriptor::Dir(dir)) = table.delete(descriptor) else { continue };
            let access = match dir.perms {
                FsPerms::ReadOnly => Access::ReadOnly,
                FsPerms::ReadWrite => Access::ReadWrite,
            };
            match again(&dir.dir) {
                Ok(dir) => self.files().mount_live(dir, &guest, access),
                Err(error) => self.wasi.files.is_missing(guest, error.to_string()),
            }
        }
    }
}

fn again(dir: &Arc<File>) -> std::io::Result<Dir> {
    dir.try_clone().map(Dir::from_std_file)
}
