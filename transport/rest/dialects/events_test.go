package dialects_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

func TestDialectsReadTheWebhooksOfTheirServices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		service dialects.Service
		body    string
		id      string
		state   transport.State
	}{
		"OpenAI response": {dialects.OpenAIResponse(),
			`{"id":"evt_1","object":"event","created_at":1719168000,"type":"response.completed","data":{"id":"resp_1"}}`, "resp_1", transport.Completed},
		"OpenAI incomplete response": {dialects.OpenAIResponse(), `{"id":"evt_1","type":"response.incomplete","data":{"id":"resp_1"}}`, "resp_1", transport.Failed},
		"OpenAI batch":               {dialects.OpenAIBatch(), `{"id":"evt_1","type":"batch.cancelled","data":{"id":"batch_1"}}`, "batch_1", transport.Canceled},
		"OpenAI video":               {dialects.OpenAIVideo(), `{"id":"evt_1","type":"video.failed","data":{"id":"video_1"}}`, "video_1", transport.Failed},
		"OpenAI fine-tune":           {dialects.OpenAIFineTune(), `{"id":"evt_1","type":"fine_tuning.job.succeeded","data":{"id":"ft_1"}}`, "ft_1", transport.Completed},
		"OpenAI event of another kind": {dialects.OpenAIBatch(),
			`{"id":"evt_1","type":"response.completed","data":{"id":"resp_1"}}`, "resp_1", transport.Unknown},
		"Bunny finished":   {dialects.BunnyStreamVideo("133"), `{"VideoLibraryId":133,"VideoGuid":"657b","Status":3}`, "657b", transport.Completed},
		"Bunny resolution": {dialects.BunnyStreamVideo("133"), `{"VideoLibraryId":133,"VideoGuid":"657b","Status":4}`, "657b", transport.Running},
		"Bunny captions":   {dialects.BunnyStreamVideo("133"), `{"VideoLibraryId":133,"VideoGuid":"657b","Status":9}`, "657b", transport.Unknown},
		"Replicate":        {dialects.ReplicatePrediction(), `{"id":"p1","status":"failed","error":"no","output":null}`, "p1", transport.Failed},
		"Luma":             {dialects.LumaGeneration(), `{"id":"g1","state":"completed","failure_reason":null,"assets":{"video":"https://a"}}`, "g1", transport.Completed},
		"Stripe": {dialects.StripeReportRun(),
			`{"id":"evt_1","type":"reporting.report_run.succeeded","data":{"object":{"id":"frr_1","status":"succeeded","result":{"url":"https://a"}}}}`,
			"frr_1", transport.Completed},
		"GitHub workflow run": {dialects.GitHubActionsRun("a/b"),
			`{"action":"completed","workflow_run":{"id":42,"status":"completed","conclusion":"failure"}}`, "42", transport.Failed},
		"GitHub dispatched run": {dialects.GitHubWorkflowRun("a/b", "c.yml"),
			`{"action":"completed","workflow_run":{"id":42,"status":"completed","conclusion":"success"}}`, "42", transport.Completed},
		"GitHub check run": {dialects.GitHubCheckRun("a/b"),
			`{"action":"completed","check_run":{"id":7,"status":"completed","conclusion":"cancelled"}}`, "7", transport.Canceled},
		"GitHub event of another kind": {dialects.GitHubActionsRun("a/b"), `{"action":"completed","workflow_job":{"id":1,"status":"completed"}}`, "", transport.Unknown},
		"GitLab":                       {dialects.GitLabPipeline("1", ""), `{"object_kind":"pipeline","object_attributes":{"id":31,"status":"manual"}}`, "31", transport.Blocked},
		"CloudConvert finished":        {dialects.CloudConvertJob(), `{"event":"job.finished","job":{"id":"c1","status":null}}`, "c1", transport.Completed},
		"GitHub run that waits":        {dialects.GitHubActionsRun("a/b"), `{"action":"requested","workflow_run":{"id":42,"status":"completed","conclusion":"action_required"}}`, "42", transport.Blocked},
		"GitLab merge request":         {dialects.GitLabPipeline("1", ""), `{"object_kind":"merge_request","object_attributes":{"id":31,"state":"merged"}}`, "31", transport.Unknown},
		"Terraform verification":       {dialects.TerraformRun(), `{"run_id":null,"notifications":[{"trigger":"verification","run_status":null}]}`, "", transport.Unknown},
		"Stripe event without content": {dialects.StripeReportRun(), `{"id":"evt_1","object":"v2.core.event","type":"v2.reporting.report_run.succeeded","related_object":{"id":"frr_1"}}`, "", transport.Unknown},
		"CloudConvert":                 {dialects.CloudConvertJob(), `{"event":"job.failed","job":{"id":"c1","status":"error"}}`, "c1", transport.Failed},
		"Terraform":                    {dialects.TerraformRun(), `{"run_id":"run-1","notifications":[{"run_status":"applied"}]}`, "run-1", transport.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := rest.New(c.service.BaseURL, rest.WithDialect(c.service.Dialect))
			require.NoError(t, err)
			s, err := client.ReadEvent(nil, []byte(c.body))
			require.NoError(t, err)
			assert.Equal(t, c.id, s.ID)
			assert.Equal(t, c.state, s.State)
		})
	}
}
