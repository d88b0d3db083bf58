//! Values that a component passes and gets.

use deterministic_wasi::log::Value;
use wasmtime::component::{FutureReader, Resource, StreamReader};

/// What a value of a component looks like in a log.
pub(crate) trait AsValue {
    fn as_value(&self) -> Value;

    /// A list of such: bytes are data.
    fn list_as_value(list: &[Self]) -> Value
    where
        Self: Sized,
    {
        Value::list(list.iter().map(AsValue::as_value))
    }
}

macro_rules! numbers {
    ($kind:ident: $($number:ident)*) => {$(
        impl AsValue for $number {
            fn as_value(&self) -> Value {
                Value::$kind((*self).into())
            }
        }
    )*};
}

numbers!(Unsigned: u16 u32 u64);
numbers!(Signed: i32 i64);

impl AsValue for u8 {
    fn as_value(&self) -> Value {
        Value::Unsigned((*self).into())
    }

    fn list_as_value(list: &[u8]) -> Value {
        Value::data(list)
    }
}

impl AsValue for bool {
    fn as_value(&self) -> Value {
        Value::Bool(*self)
    }
}

impl AsValue for str {
    fn as_value(&self) -> Value {
        Value::text(self.as_bytes())
    }
}

impl AsValue for String {
    fn as_value(&self) -> Value {
        self.as_str().as_value()
    }
}

impl<T: AsValue + ?Sized> AsValue for &T {
    fn as_value(&self) -> Value {
        (**self).as_value()
    }
}

impl<T: AsValue> AsValue for Vec<T> {
    fn as_value(&self) -> Value {
        T::list_as_value(self)
    }
}

/// A case of a variant, with what it holds if that is something.
pub(super) fn case(name: &'static str, held: Value) -> Value {
    match held {
        Value::Record(nothing) if nothing.is_empty() => Value::Name(name.into()),
        held => Value::Case(name.into(), held.into()),
    }
}

impl<T: AsValue> AsValue for Option<T> {
    fn as_value(&self) -> Value {
        match self {
            Some(held) => case("some", held.as_value()),
            None => Value::Name("none".into()),
        }
    }
}

impl<T: AsValue, E: AsValue> AsValue for Result<T, E> {
    fn as_value(&self) -> Value {
        match self {
            Ok(held) => case("ok", held.as_value()),
            Err(held) => case("err", held.as_value()),
        }
    }
}

impl<T: 'static> AsValue for Resource<T> {
    fn as_value(&self) -> Value {
        Value::Handle(self.rep())
    }
}

/// It has no number that the host could know it by.
impl<T> AsValue for StreamReader<T> {
    fn as_value(&self) -> Value {
        Value::Name("stream".into())
    }
}

impl<T> AsValue for FutureReader<T> {
    fn as_value(&self) -> Value {
        Value::Name("future".into())
    }
}

/// The parameters or the results of a function.
pub(crate) trait Values {
    fn values(&self) -> Vec<Value>;
}

impl Values for () {
    fn values(&self) -> Vec<Value> {
        Vec::new()
    }
}

impl AsValue for () {
    fn as_value(&self) -> Value {
        Value::Record(Vec::new())
    }
}

macro_rules! tuples {
    ($(($($name:ident),*))*) => {$(
        #[allow(non_snake_case, reason = "the types' names")]
        impl<$($name: AsValue),*> Values for ($($name,)*) {
            fn values(&self) -> Vec<Value> {
                let ($($name,)*) = self;
                vec![$($name.as_value()),*]
            }
        }

        impl<$($name: AsValue),*> AsValue for ($($name,)*) {
            fn as_value(&self) -> Value {
                Value::list(self.values().into_iter())
            }
        }
    )*};
}

tuples!((A)(A, B)(A, B, C)(A, B, C, D)(A, B, C, D, E)(A, B, C, D, E, F));
