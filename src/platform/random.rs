use super::error::PlatformError;

/// A random nonce or id: 128 bits as 32 hexadecimal digits.
pub(super) fn random() -> Result<String, PlatformError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| {
        PlatformError::Unreachable("the operating system returned no random bytes".to_owned())
    })?;
    Ok(format!("{:032x}", u128::from_be_bytes(random)))
}
