//! Allocates as many MiB as its first argument says (16 if there is none), one by one, or until the host refuses; then
//! checks that each still holds what was written there. Prints how many it got.

const MIB: usize = 1 << 20;

fn main() {
    let wanted = std::env::args().nth(1).map_or(16, |arg| arg.parse().expect("a number of MiB"));
    let mut blocks: Vec<Vec<u8>> = Vec::with_capacity(4096);
    while blocks.len() < wanted {
        let mut block = Vec::new();
        if block.try_reserve_exact(MIB).is_err() {
            println!("refused");
            break;
        }
        block.resize(MIB, blocks.len() as u8);
        blocks.push(block);
    }
    println!("{} of {} MiB", blocks.len(), wanted);
    for (index, block) in blocks.iter().enumerate() {
        assert!(block.iter().all(|&byte| byte == index as u8), "block {} has changed", index);
    }
}
