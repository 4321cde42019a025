//! The migrations are embedded in the program; a new one must make cargo compile it again.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
