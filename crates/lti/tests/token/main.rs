//! LTI 1.3 launches through the public interface: each check with its code, the launch of the
//! claims, and all kinds of changes to a token.

mod attempt;
mod check;
mod deep_linking;
mod launch;
mod migration;
mod platform;
mod property;
mod signature;
