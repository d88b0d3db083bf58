//! Ours against stock, call by call.

use against_stock::probe::{Bench, Probe, Version};
use against_stock::{Directory, Host};
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::fs::Access;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

pub(crate) struct OnWasmtime(Bench);

impl Host for OnWasmtime {
    type Guest = Probe<p1::P1Ctx>;

    fn new() -> Self {
        OnWasmtime(Bench::new())
    }

    fn guest(&self, version: Version, policies: Policies, directory: Directory<'_>) -> Self::Guest {
        let mut builder = WasiCtxBuilder::new();
        let ctx = match directory {
            Directory::Live(path) => {
                builder.preopened_dir(path, "/", FsPerms::ReadWrite).unwrap();
                builder.build_deterministic_p1(policies)
            }
            Directory::Hermetic(tree) => {
                let mut ctx = builder.build_deterministic_p1(policies);
                ctx.deterministic_mut().files().mount_hermetic(&tree, "/", Access::ReadWrite).unwrap();
                ctx
            }
        };
        Probe::new(&self.0.ours, self.0.module(version), ctx)
    }
}

against_stock::tests!(super::OnWasmtime);
