use super::claimed_consumer::ClaimedConsumer;
use super::launch_request::ReadLaunch;
use super::policy::LaunchPolicy;
use super::signature_trial::SignatureTrial;

/// The base string that a launch's signature is compared for, with the key as a known consumer has it. It holds personal
/// data. `None` where the launch cannot be read.
pub fn expected_base_string(launch: &ReadLaunch<'_>, policy: &LaunchPolicy) -> Option<String> {
    let params = launch.v1p1_params().ok()?;
    let claim = ClaimedConsumer::read(params, policy).ok()?;
    let trial = SignatureTrial::new(&launch.request, params, policy, &claim);
    Some(trial.base_string(&[], claim.decoded_key.as_deref()))
}

/// A base string without the values of its parameters, which are personal data.
pub fn redact_base_string(base_string: &str) -> String {
    let Some((address, params)) = base_string.rsplit_once('&') else { return String::new() };
    let shaped: Vec<String> = params
        .split("%26")
        .map(|pair| match pair.split_once("%3D") {
            // In a form that was encoded twice, names hold values.
            Some((name, _)) if name.contains("%253D") => "…%3D…".to_owned(),
            Some((name, value)) if !value.is_empty() => format!("{name}%3D…"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{address}&{}", shaped.join("%26"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_base_string_has_names_and_no_values() {
        let base =
            "POST&https%3A%2F%2Ftools.example%2Flti&a%3D%26b%3Done%2520two%26b%3D2%26c%2540%3Dx";
        let expected = "POST&https%3A%2F%2Ftools.example%2Flti&a%3D%26b%3D…%26b%3D…%26c%2540%3D…";
        assert_eq!(redact_base_string(base), expected);
        assert_eq!(redact_base_string(""), "");
    }
}
