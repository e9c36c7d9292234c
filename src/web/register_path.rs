/// The path of registrations, before the sealed link.
pub const REGISTER_PATH: &str = "/~register/";
