//! Core dumps: what was in a guest's memories and globals where it was ended, and which functions it was in.
//!
//! 1. [`Inputs::core_dump`](crate::Inputs::core_dump) has the engine gather, when a call fails, what there is in the store and the frames. Until
//!    then it does nothing, and the code is the same.
//! 2. When the guest has been ended, what was gathered is written down here, before anything else touches the store: [`of`].
//! 3. The bytes are in the [outcome](crate::Outcome::core), or why there are none.
//!
//! Wasmtime writes such dumps, too. This is written anew because its writer panics where a component calls another (it does not
//! know the flags that those share), where a global holds an exception, and above 4 GiB; because it makes a segment of each
//! page, of which readers take 100 000; and because it keeps all of the data twice.

mod data;

use std::fmt;
use std::ops::Deref;

use wasm_encoder::{
    AbstractHeapType, ConstExpr, CoreDumpInstancesSection, CoreDumpModulesSection, CoreDumpSection,
    CoreDumpStackSection, GlobalSection, GlobalType, HeapType, MemorySection, MemoryType, Module, RefType,
    Section as _, ValType,
};
use wasmtime::{ExternType, Global, Instance, Memory, Mutability, Store, Val, WasmCoreDump};
use wasmtime_wasi::I32Exit;

use crate::Guest;

/// How many frames there are at most in a dump, the innermost.
pub(crate) const MAX_FRAMES: usize = 4096;

/// What stands in place of the number of a memory or global that an instance imports, and of which the engine does not tell whose it is.
const UNKNOWN: u32 = u32::MAX;

/// A WebAssembly core dump, in the [format of WebAssembly's tool conventions](https://github.com/WebAssembly/tool-conventions/blob/main/Coredump.md).
/// It holds all that the guest did, its secrets too.
#[derive(Clone, PartialEq, Eq)]
pub struct CoreDump(Vec<u8>);

impl CoreDump {
    /// Its bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Its bytes.
impl Deref for CoreDump {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// How many bytes there are.
impl fmt::Debug for CoreDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Why there is no core dump of a guest that was ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoreDumpError {
    /// It was in none of its functions, but waited for something.
    #[error(
        "the guest was in none of its functions when it was ended, and of those that wait nothing is known; stop it at a call before that"
    )]
    NoFrames,
    /// There is more in its memories than the format has room for.
    #[error(
        "there are {bytes} bytes in the guest's memories that are not 0, and a dump has room for 4 GiB; stop it sooner"
    )]
    TooLarge {
        /// How many bytes the dump would take for them.
        bytes: u64,
    },
    /// The host has no memory for it.
    #[error("the host has no {bytes} bytes of memory for it; give the process more")]
    NoMemory {
        /// How many bytes it takes.
        bytes: u64,
    },
}

/// Of a guest that was ended by `error`, unless that is its exit. The dump is named after it.
pub(crate) fn of<T: 'static>(
    error: &wasmtime::Error,
    guest: &Guest,
    store: &mut Store<T>,
) -> Option<Result<CoreDump, CoreDumpError>> {
    if error.is::<I32Exit>() {
        return None;
    }
    let gathered = error.downcast_ref::<WasmCoreDump>().filter(|gathered| !gathered.frames().is_empty());
    Some(gathered.ok_or(CoreDumpError::NoFrames).and_then(|gathered| write(gathered, guest, store)).map(CoreDump))
}

fn write<T: 'static>(gathered: &WasmCoreDump, guest: &Guest, store: &mut Store<T>) -> Result<Vec<u8>, CoreDumpError> {
    let mut dump = Module::HEADER.to_vec();
    CoreDumpSection::new(guest.file_name()).append_to(&mut dump);
    memories(gathered.memories(), store).append_to(&mut dump);
    globals(gathered.globals(), store).append_to(&mut dump);
    data::append(gathered.memories(), store, &mut dump)?;

    let name = |number: usize, module: &wasmtime::Module| match module.name() {
        Some(name) => name.to_owned(),
        // There is one module, and it is the guest.
        None if gathered.modules().len() == 1 => guest.file_name().to_owned(),
        None => format!("<anonymous-module-{number}>"),
    };
    let mut modules = CoreDumpModulesSection::new();
    for (number, module) in gathered.modules().iter().enumerate() {
        modules.module(name(number, module));
    }
    modules.append_to(&mut dump);

    let owners = Owners::of(gathered);
    let mut instances = CoreDumpInstancesSection::new();
    let mut of_instances = Vec::new();
    for instance in gathered.instances() {
        let module = instance.module(&*store).clone();
        let (memories, globals) = owners.items(instance, &module, store);
        instances.instance(position(gathered.modules(), &module), memories, globals);
        of_instances.push(module);
    }
    instances.append_to(&mut dump);

    let mut stack = CoreDumpStackSection::new("main");
    for frame in gathered.frames() {
        // The engine tells the module, and not which of its instances it is: the last one, mostly the only one.
        let last = of_instances.iter().rposition(|module| wasmtime::Module::same(module, frame.module()));
        let instance = last.map_or(UNKNOWN, |last| last as u32);
        let offset = frame.func_offset().and_then(|offset| u32::try_from(offset).ok()).unwrap_or_default();
        // What is in locals and on the operand stack is known to nobody after compilation.
        stack.frame(instance, frame.func_index(), offset, [], []);
    }
    stack.append_to(&mut dump);
    Ok(dump)
}

fn position(modules: &[wasmtime::Module], module: &wasmtime::Module) -> u32 {
    modules.iter().position(|other| wasmtime::Module::same(other, module)).map_or(UNKNOWN, |at| at as u32)
}

fn memories<T: 'static>(memories: &[Memory], store: &Store<T>) -> MemorySection {
    let mut section = MemorySection::new();
    for memory in memories {
        let ty = memory.ty(store);
        let page_size = u32::from(ty.page_size_log2());
        section.memory(MemoryType {
            minimum: memory.size(store),
            maximum: ty.maximum(),
            memory64: ty.is_64(),
            shared: ty.is_shared(),
            page_size_log2: (page_size != 16).then_some(page_size),
        });
    }
    section
}

/// Numbers as they are; a reference says nothing outside of its store, and is null.
fn globals<T: 'static>(globals: &[Global], store: &mut Store<T>) -> GlobalSection {
    let mut section = GlobalSection::new();
    for global in globals {
        let ty = global.ty(&*store);
        let number = match ty.content() {
            wasmtime::ValType::Ref(_) => None,
            _ => Some(global.get(&mut *store)),
        };
        let (val_type, value) = match (number, ty.content()) {
            (Some(Val::I32(value)), _) => (ValType::I32, ConstExpr::i32_const(value)),
            (Some(Val::I64(value)), _) => (ValType::I64, ConstExpr::i64_const(value)),
            (Some(Val::F32(bits)), _) => (ValType::F32, ConstExpr::f32_const(f32::from_bits(bits).into())),
            (Some(Val::F64(bits)), _) => (ValType::F64, ConstExpr::f64_const(f64::from_bits(bits).into())),
            (Some(Val::V128(value)), _) => (ValType::V128, ConstExpr::v128_const(value.as_u128() as i128)),
            (_, ty) => {
                let heap_type = HeapType::Abstract { shared: false, ty: top(ty) };
                (ValType::Ref(RefType { nullable: true, heap_type }), ConstExpr::ref_null(heap_type))
            }
        };
        let mutable = ty.mutability() == Mutability::Var;
        section.global(GlobalType { val_type, mutable, shared: false }, &value);
    }
    section
}

/// The widest type of a reference's kind, which has no number in a module.
fn top(ty: &wasmtime::ValType) -> AbstractHeapType {
    use wasmtime::HeapType as Kind;
    match ty.as_ref().map(|ty| ty.heap_type().top()) {
        Some(Kind::Extern) => AbstractHeapType::Extern,
        Some(Kind::Func) => AbstractHeapType::Func,
        Some(Kind::Exn) => AbstractHeapType::Exn,
        Some(Kind::Cont) => AbstractHeapType::Cont,
        _ => AbstractHeapType::Any,
    }
}

/// Which memories and globals are of which instance, by the numbers that the engine gives them in a store.
struct Owners {
    /// With the number that each has in the dump, in order.
    memories: Vec<(u64, u32)>,
    globals: Vec<(u64, u32)>,
}

impl Owners {
    fn of(gathered: &WasmCoreDump) -> Self {
        let memories = gathered.memories().iter().map(Memory::debug_index_in_store).zip(0..).collect();
        let globals = gathered.globals().iter().map(Global::debug_index_in_store).zip(0..).collect();
        Owners { memories, globals }
    }

    /// The numbers of the memories and the globals of an instance, those that it imports first.
    fn items<T: 'static>(
        &self,
        instance: &Instance,
        module: &wasmtime::Module,
        store: &mut Store<T>,
    ) -> (Vec<u32>, Vec<u32>) {
        let (mut memories, mut globals) = (Vec::new(), Vec::new());
        for import in module.imports() {
            match import.ty() {
                ExternType::Memory(_) => {
                    // Known only where the engine is made to inspect what there is.
                    let memory = instance.debug_memory(&mut *store, memories.len() as u32);
                    let known = memory.map(|memory| memory.debug_index_in_store());
                    let known = known.and_then(|key| self.memories.iter().find(|(other, _)| *other == key));
                    memories.push(known.map_or(UNKNOWN, |(_, number)| *number));
                }
                ExternType::Global(_) => globals.push(UNKNOWN),
                _ => {}
            }
        }
        let own = |all: &[(u64, u32)]| {
            let instance = u64::from(instance.debug_index_in_store());
            let own = all.iter().filter(move |(key, _)| key >> 32 == instance);
            own.map(|(_, number)| *number).collect::<Vec<_>>()
        };
        memories.extend(own(&self.memories));
        globals.extend(own(&self.globals));
        (memories, globals)
    }
}
