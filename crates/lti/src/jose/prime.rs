//! The search for the primes of an RSA key: the first primes of a specified sequence.
//!
//! The sequence depends only on the seed. No version of a library changes the key.

use crypto_bigint::{BoxedUint, Limb, NonZero};
use crypto_primes::{Flavor, is_prime};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The public exponent.
pub(super) const EXPONENT: u32 = 65_537;
/// The size of a prime, in bits.
pub(super) const PRIME_BITS: u32 = 1024;
/// Trial division uses the primes below this number.
const TRIAL_LIMIT: u32 = 2000;

/// The first prime of the sequence with this label, and its index.
pub(super) fn first_prime(seed: &[u8; 32], label: u8) -> (Zeroizing<BoxedUint>, u32) {
    let divisors = small_primes();
    let primes = (0..=u32::MAX).filter_map(|index| {
        let candidate = candidate(seed, label, index);
        is_suitable(&candidate, &divisors).then_some((candidate, index))
    });
    // About one odd number of this size in 350 is prime.
    primes.into_iter().next().expect("a prime among four billion candidates")
}

/// The candidate with this index: 1024 bits of HMAC, with the two highest bits and the lowest set.
fn candidate(seed: &[u8; 32], label: u8, index: u32) -> Zeroizing<BoxedUint> {
    let mut bytes = Zeroizing::new([0; PRIME_BITS as usize / 8]);
    for (number, block) in (0_u8..).zip(bytes.chunks_exact_mut(32)) {
        let mut mac = Hmac::<Sha256>::new_from_slice(seed).expect("a key of any length");
        mac.update(&[label]);
        mac.update(&index.to_be_bytes());
        mac.update(&[number]);
        block.copy_from_slice(&mac.finalize().into_bytes());
    }
    if let [first, .., last] = bytes.as_mut_slice() {
        *first |= 0b1100_0000;
        *last |= 1;
    }
    Zeroizing::new(BoxedUint::from_be_slice_truncated(bytes.as_slice(), PRIME_BITS))
}

/// Whether a candidate is prime, and the exponent has an inverse modulo the candidate minus 1.
fn is_suitable(candidate: &BoxedUint, divisors: &[u32]) -> bool {
    let is_divisible = |divisor: &u32| remainder(candidate, *divisor) == 0;
    !divisors.iter().any(is_divisible)
        && remainder(candidate, EXPONENT) != 1
        && is_prime(Flavor::Any, candidate)
}

/// The remainder of a division by a number that is not zero.
#[allow(clippy::useless_conversion, reason = "a limb has 32 bits on other machines")]
pub(super) fn remainder(number: &BoxedUint, divisor: u32) -> u64 {
    match Option::<NonZero<Limb>>::from(NonZero::new(Limb::from(divisor))) {
        Some(divisor) => u64::from(number.rem_limb(divisor).0),
        None => 0,
    }
}

/// The odd primes below the limit of trial division.
fn small_primes() -> Vec<u32> {
    let mut primes: Vec<u32> = Vec::new();
    for number in (3..TRIAL_LIMIT).step_by(2) {
        if primes.iter().all(|prime| number % prime != 0) {
            primes.push(number);
        }
    }
    primes
}
