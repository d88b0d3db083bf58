//! Prints its arguments and its environment, in the order in which the host gives them.

use std::env;

fn main() {
    for (index, arg) in env::args_os().enumerate() {
        println!("argument {}: {:?}", index, arg);
    }
    for (name, value) in env::vars_os() {
        println!("variable {:?}: {:?}", name, value);
        assert_eq!(env::var_os(&name), Some(value), "{:?} is there twice", name);
    }
}
