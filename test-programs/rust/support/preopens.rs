//! The names of the directories that the host opened for the guest. The standard library knows them but does not tell.

#[link(wasm_import_module = "wasi_snapshot_preview1")]
extern "C" {
    fn fd_prestat_get(fd: u32, prestat: *mut [u32; 2]) -> u32;
    fn fd_prestat_dir_name(fd: u32, name: *mut u8, length: u32) -> u32;
}

/// In the order of their descriptors, which start at 3.
pub fn preopens() -> Vec<String> {
    let mut names = Vec::new();
    for fd in 3.. {
        let mut prestat = [0; 2];
        // SAFETY: the host writes a tag and a length, four bytes each.
        if unsafe { fd_prestat_get(fd, &mut prestat) } != 0 {
            break;
        }
        let mut name = vec![0; prestat[1] as usize];
        // SAFETY: the host writes no more than the length that it is given.
        let errno = unsafe { fd_prestat_dir_name(fd, name.as_mut_ptr(), name.len() as u32) };
        assert_eq!(errno, 0, "the host has no name for preopen {}", fd);
        names.push(String::from_utf8(name).expect("preopens are named in UTF-8"));
    }
    names
}
