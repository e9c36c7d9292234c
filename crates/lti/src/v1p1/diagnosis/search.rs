use super::draft::Draft;
use crate::oauth1::Param;
use crate::v1p1::claimed_consumer::ClaimedConsumer;
use crate::v1p1::launch_request::ReceivedOrigin;
use crate::v1p1::signature_trial::SignatureTrial;

/// A launch and the variants that would accept it.
pub(super) struct Search<'a> {
    pub(super) trial: &'a SignatureTrial<'a>,
    pub(super) claim: &'a ClaimedConsumer<'a, 'a>,
    /// The indexes of the parameters that each variant omits.
    pub(super) deviations: Vec<Vec<usize>>,
    /// The origin at which the launch arrived.
    pub(super) received: Option<ReceivedOrigin<'a>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        trial: &'a SignatureTrial<'a>,
        claim: &'a ClaimedConsumer<'a, 'a>,
        received: Option<ReceivedOrigin<'a>>,
    ) -> Self {
        let deviations = trial.deviations().map(|(_, dropped)| dropped).collect();
        Self { trial, claim, deviations, received }
    }

    /// The signed parameters as sent, except those at these indexes.
    pub(super) fn params<'d>(
        &self,
        dropped: &'d [usize],
    ) -> impl Iterator<Item = Param<'a>> + use<'a, 'd> {
        self.trial.params(dropped, self.claim.decoded_key.as_deref())
    }

    /// A draft with these parameters for the expected URL.
    pub(super) fn draft<'p>(&self, params: impl Iterator<Item = Param<'p>>) -> Draft<'p> {
        Draft::new(&self.trial.base_uri(), params)
    }
}
