//! Streams of WASI 0.3.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use deterministic_wasmtime::{ComponentCtx, Deterministic, DeterministicView as _};
use p3_types::HostDescriptorWithStore as _;
use wasmtime::component::{Access, FutureConsumer, FutureReader, Source, StreamConsumer, StreamReader, StreamResult};
use wasmtime::{AsContextMut as _, StoreContextMut};
use wasmtime_wasi::p2::bindings::sync::filesystem::types::HostDescriptor as _;
use wasmtime_wasi::p3::bindings::filesystem::types as p3_types;

use super::{Fd, Host, NAMES, fd, tree};

pub(super) type Store<'a> = Access<'a, ComponentCtx, Deterministic>;

fn reborrow<'a>(access: &'a mut Store<'_>) -> Store<'a> {
    Access::<_, Deterministic>::new(access.as_context_mut(), |data| data.deterministic_view())
}

/// Takes in a stream up to so many pieces.
struct Collect<T>(Arc<Mutex<Vec<Vec<T>>>>, usize);

impl<D, T: wasmtime::component::Lift + Send + 'static> StreamConsumer<D> for Collect<T> {
    type Item = T;

    fn poll_consume(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<'_, D>,
        mut source: Source<'_, T>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let mut items = Vec::with_capacity(source.remaining(&mut store));
        source.read(store, &mut items)?;
        let mut pieces = self.0.lock().unwrap();
        pieces.push(items);
        Poll::Ready(Ok(if pieces.len() < self.1 { StreamResult::Completed } else { StreamResult::Dropped }))
    }
}

pub(super) type Ended = Result<(), p3_types::ErrorCode>;

struct Last(Option<one_shot::Sender>);

/// A place for one value, and who waits for it.
mod one_shot {
    use std::sync::{Arc, Mutex};
    use std::task::{Poll, Waker};

    use super::Ended;

    type Slot = Arc<Mutex<(Option<Ended>, Option<Waker>)>>;

    pub(super) struct Sender(Slot);

    impl Sender {
        pub(super) fn send(self, ended: Ended) {
            let mut slot = self.0.lock().unwrap();
            slot.0 = Some(ended);
            if let Some(waker) = slot.1.take() {
                waker.wake();
            }
        }
    }

    pub(super) fn channel() -> (Sender, impl Future<Output = Ended>) {
        let slot = Slot::default();
        let receiver = slot.clone();
        let future = std::future::poll_fn(move |context| {
            let mut slot = receiver.lock().unwrap();
            slot.1 = Some(context.waker().clone());
            slot.0.take().map_or(Poll::Pending, Poll::Ready)
        });
        (Sender(slot), future)
    }
}

impl<D> FutureConsumer<D> for Last {
    type Item = Ended;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        store: StoreContextMut<'_, D>,
        mut source: Source<'_, Ended>,
        _: bool,
    ) -> Poll<wasmtime::Result<()>> {
        let mut ended = None;
        source.read(store, &mut ended)?;
        self.0.take().unwrap().send(ended.unwrap());
        Poll::Ready(Ok(()))
    }
}

impl Host {
    /// What a stream of 0.3 gives, piece by piece, and how it ended.
    fn collect<T: wasmtime::component::Lift + Send + 'static>(
        &mut self,
        call: impl FnOnce(Store<'_>) -> wasmtime::Result<(StreamReader<T>, FutureReader<Ended>)> + Send,
    ) -> (Vec<Vec<T>>, Ended) {
        self.collect_up_to(usize::MAX, call)
    }

    /// The same of the first `limit` pieces.
    pub(super) fn collect_up_to<T: wasmtime::component::Lift + Send + 'static>(
        &mut self,
        limit: usize,
        call: impl FnOnce(Store<'_>) -> wasmtime::Result<(StreamReader<T>, FutureReader<Ended>)> + Send,
    ) -> (Vec<Vec<T>>, Ended) {
        let pieces = Arc::new(Mutex::new(Vec::new()));
        let collect = Collect(pieces.clone(), limit);
        let ended = self.run3(async move |store| {
            let (sender, receiver) = one_shot::channel();
            store.with(|mut access| {
                let (stream, future) = call(reborrow(&mut access)).unwrap();
                stream.pipe(&mut access, collect).unwrap();
                future.pipe(&mut access, Last(Some(sender))).unwrap();
            });
            receiver.await
        });
        let pieces = std::mem::take(&mut *pieces.lock().unwrap());
        (pieces, ended)
    }

    /// How the writing of `bytes` by a stream of 0.3 ended. At the end of the file without an offset.
    pub(super) fn write3(&mut self, open: Fd, bytes: &[u8], offset: Option<u64>) -> Ended {
        let bytes = bytes.to_vec();
        self.run3(async move |store| {
            let (sender, receiver) = one_shot::channel();
            store.with(|mut access| {
                let data = StreamReader::new(&mut access, bytes).unwrap();
                let inner = reborrow(&mut access);
                let future = match offset {
                    Some(offset) => Deterministic::write_via_stream(inner, fd(open), data, offset),
                    None => Deterministic::append_via_stream(inner, fd(open), data),
                };
                future.unwrap().pipe(&mut access, Last(Some(sender))).unwrap();
            });
            receiver.await
        })
    }
}

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

#[test]
fn what_is_written_is_read_in_full_chunks() {
    let dir = tree(&NAMES);
    let bytes = content(200 << 10);
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        let open = host.create("large");
        assert!(host.write3(open, &bytes, Some(0)).is_ok());
        let (pieces, ended) = host.collect(|store| Deterministic::read_via_stream(store, fd(open), 0));
        assert!(ended.is_ok());
        let sizes: Vec<_> = pieces.iter().map(Vec::len).collect();
        assert_eq!(sizes, [64 << 10, 64 << 10, 64 << 10, 8 << 10]);
        assert!(pieces.concat() == bytes);
        let appended = host.tick();
        assert!(host.write3(open, b"end", None).is_ok());
        assert_eq!(host.times(open)[1..], [appended; 2]);
        let (pieces, _) = host.collect(|store| Deterministic::read_via_stream(store, fd(open), 204_799));
        assert_eq!(pieces, [[bytes[204_799], b'e', b'n', b'd']]);
        host.view().set_size(fd(open), 0).unwrap();
        assert!(host.write3(open, &[], None).is_ok());
        assert!(host.collect(|store| Deterministic::read_via_stream(store, fd(open), 0)).0.is_empty());
    }
}

#[test]
fn a_directory_comes_sorted() {
    let dir = tree(&NAMES);
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        for number in 0..100 {
            host.create(&format!("inner/{number:03}"));
        }
        let inner = host.read_only("inner");
        let (pieces, ended) = host.collect(|store| Deterministic::read_directory(store, fd(inner)));
        assert!(ended.is_ok());
        let names: Vec<_> = pieces.into_iter().flatten().map(|entry| entry.name).collect();
        assert_eq!(names.len(), 103);
        assert_eq!(names, host.list(inner));
    }
}

#[test]
fn errors_come_by_the_future() {
    use deterministic_wasmtime::fs::{Access, FileSystem, OBJECT_SIZE, Tree};
    use p3_types::ErrorCode;
    let dir = tree(&NAMES);
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        let (root, file) = (host.root(), host.read_only("zeta"));
        let (pieces, ended) = host.collect(|store| Deterministic::read_via_stream(store, fd(root), 0));
        assert!(pieces.is_empty() && matches!(ended, Err(ErrorCode::IsDirectory)), "{ended:?}");
        let (pieces, ended) = host.collect(|store| Deterministic::read_directory(store, fd(file)));
        assert!(pieces.is_empty() && matches!(ended, Err(ErrorCode::NotDirectory)), "{ended:?}");
        assert!(matches!(host.write3(root, b"x", Some(0)), Err(ErrorCode::BadDescriptor)));
        assert!(matches!(host.write3(file, b"x", Some(0)), Err(ErrorCode::BadDescriptor)));
        assert!(matches!(host.write3(file, b"x", None), Err(ErrorCode::BadDescriptor)));
        for offset in [1 << 63, u64::MAX] {
            let (pieces, ended) = host.collect(|store| Deterministic::read_via_stream(store, fd(file), offset));
            assert!(pieces.is_empty() && matches!(ended, Err(ErrorCode::Invalid)), "{ended:?}");
            let new = host.create("new");
            assert!(matches!(host.write3(new, b"x", Some(offset)), Err(ErrorCode::Invalid)));
        }
    }
    let mut host = Host::new();
    let mut files = FileSystem::new(0, 10 * OBJECT_SIZE);
    files.mount_hermetic(&Tree::new().into(), "/", Access::ReadWrite).unwrap();
    *host.view().ctx.files() = files;
    let open = host.create("large");
    let ended = host.write3(open, &content(10 * OBJECT_SIZE as usize), Some(0));
    assert!(matches!(ended, Err(ErrorCode::InsufficientSpace)), "{ended:?}");
    // What there was room for is there.
    assert!(host.view().stat(fd(open)).unwrap().size > 7 * OBJECT_SIZE);
}
