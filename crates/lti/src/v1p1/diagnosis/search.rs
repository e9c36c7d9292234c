use super::draft::Draft;
use crate::oauth1::Param;
use crate::v1p1::claimed_consumer::ClaimedConsumer;
use crate::v1p1::signature_trial::SignatureTrial;

/// A launch against which mistakes are tried.
pub(super) struct Search<'a> {
    pub(super) trial: &'a SignatureTrial<'a>,
    pub(super) claim: &'a ClaimedConsumer<'a, 'a>,
    /// Places of parameters, without which the launch would have been accepted, too.
    pub(super) deviations: Vec<Vec<usize>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(trial: &'a SignatureTrial<'a>, claim: &'a ClaimedConsumer<'a, 'a>) -> Self {
        let deviations = trial.deviations().into_iter().map(|(_, dropped)| dropped);
        Self {
            trial,
            claim,
            deviations: deviations.filter(|dropped| !dropped.is_empty()).collect(),
        }
    }

    /// The parameters that are signed, as they were sent, without those at these places.
    pub(super) fn params<'d>(
        &self,
        dropped: &'d [usize],
    ) -> impl Iterator<Item = Param<'a>> + use<'a, 'd> {
        let params = self.trial.params(dropped, self.claim.decoded_key.as_deref());
        params.filter(|param| param.name != "oauth_signature")
    }

    /// The base string in the making over these parameters, for the address that is compared.
    pub(super) fn draft<'p>(&self, params: impl Iterator<Item = Param<'p>>) -> Draft<'p> {
        Draft::new(&self.trial.base_uri(), params)
    }
}
