package dialects_test

import (
	"cmp"
	"fmt"
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
		"Apify": {dialects.ApifyRun("ada/crawler"),
			`{"userId":"u1","createdAt":"2027-03-01T00:00:05.000Z","eventType":"ACTOR.RUN.TIMED_OUT","eventData":{"actorId":"a1","actorRunId":"r1"},"resource":{"id":"r1","status":"TIMED-OUT"}}`,
			"r1", transport.Failed},
		"Apify, finished": {dialects.ApifyRun("ada/crawler"), `{"eventType":"ACTOR.RUN.SUCCEEDED","resource":{"id":"r1","status":"SUCCEEDED"}}`, "r1", transport.Completed},
		"AWX":             {dialects.AWXJob("12"), `{"id":17,"name":"deploy","status":"failed","traceback":"","friendly_name":"Job","hosts":{}}`, "17", transport.Failed},
		"AWX, begun":      {dialects.AWXJob("12"), `{"id":17,"name":"deploy","status":"running","started":"2027-03-01T00:00:00+00:00","finished":null}`, "17", transport.Running},
		"Azure DevOps": {dialects.AzureDevOpsBuild("acme/shop"),
			`{"subscriptionId":"0a","notificationId":3,"id":"7f","eventType":"build.complete","message":{"text":"no"},"resource":{"id":6140,"status":"completed","result":"failed"}}`,
			"6140", transport.Failed},
		"Azure DevOps, version 1.0": {dialects.AzureDevOpsBuild("acme/shop"), `{"id":"7f","eventType":"build.complete","resource":{"id":6140,"status":"failed"}}`, "6140", transport.Unknown},
		"Bitbucket": {dialects.BitbucketPipeline("acme/shop"),
			`{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"name":"bbc.pipeline_run","attributes":[{"key":"pipeline_run.uuid","value":{"stringValue":"{r1}"}},` +
				`{"key":"pipeline.uuid","value":{"stringValue":"{p1}"}},{"key":"pipeline.state.result.name","value":{"stringValue":"COMPLETE"}}]}]}]}]}`,
			"{p1}", transport.Unknown},
		"Bitbucket step": {dialects.BitbucketPipeline("acme/shop"),
			`{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"bbc.step","attributes":[{"key":"pipeline.uuid","value":{"stringValue":"{p1}"}}]}]}]}]}`, "", transport.Unknown},
		"Bitbucket commit status": {dialects.BitbucketPipeline("acme/shop"),
			`{"repository":{"uuid":"{r1}"},"commit_status":{"state":"SUCCESSFUL","key":"k","url":"https://ci.example/31"}}`, "", transport.Unknown},
		"Buildkite": {dialects.BuildkiteBuild("acme/shop"),
			`{"event":"build.finished","build":{"id":"0a","number":27,"state":"failed","blocked":false},"pipeline":{"slug":"shop"},"sender":{"id":"s1"}}`, "27", transport.Unknown},
		"Buildkite of another pipeline": {dialects.BuildkiteBuild("acme/shop"),
			`{"event":"build.finished","build":{"id":"0b","number":27,"state":"passed","blocked":false},"pipeline":{"slug":"blog"}}`, "27", transport.Unknown},
		"Buildkite ping": {dialects.BuildkiteBuild("acme/shop"), `{"event":"ping","service":{"id":"s1"},"organization":{"slug":"acme"}}`, "", transport.Unknown},
		"CircleCI": {dialects.CircleCIWorkflow(),
			`{"id":"e1","type":"workflow-completed","webhook":{"id":"h1"},"workflow":{"id":"w1","name":"build","status":"failed"},"pipeline":{"id":"p1"}}`, "w1", transport.Failed},
		"CircleCI job": {dialects.CircleCIWorkflow(),
			`{"id":"e1","type":"job-completed","job":{"id":"j1","status":"success"},"workflow":{"id":"w1","name":"build"}}`, "w1", transport.Unknown},
		"Cloudinary": {dialects.CloudinaryUpload("acme", "video"),
			`{"notification_type":"upload","public_id":"clips/a","resource_type":"video","type":"upload","secure_url":"https://files.service.example/a.mp4"}`, "clips/a", transport.Completed},
		"Cloudinary of another kind": {dialects.CloudinaryUpload("acme", "video"),
			`{"notification_type":"eager","public_id":"clips/a","eager":[{"secure_url":"https://files.service.example/b.mp4"}]}`, "clips/a", transport.Unknown},
		"ConvertAPI":           {dialects.ConvertAPIJob("docx", "pdf"), `{"JobId":"abc0"}`, "abc0", transport.Unknown},
		"Databricks":           {dialects.DatabricksRun(), `{"event_type":"jobs.on_success","workspace_id":"w1","run":{"run_id":"455"},"job":{"job_id":"9","name":"etl"}}`, "455", transport.Completed},
		"Databricks, failed":   {dialects.DatabricksRun(), `{"event_type":"jobs.on_failure","workspace_id":"w1","run":{"run_id":"455"},"job":{"job_id":"9"}}`, "455", transport.Unknown},
		"Databricks, slow":     {dialects.DatabricksRun(), `{"event_type":"jobs.on_duration_warning_threshold_exceeded","run":{"run_id":"455"}}`, "455", transport.Unknown},
		"dbt Cloud":            {dialects.DbtCloudRun("17", "308"), dbtEvent("job.run.errored", "Errored"), "981", transport.Failed},
		"dbt Cloud, completed": {dialects.DbtCloudRun("17", "308"), dbtEvent("job.run.completed", "Success"), "981", transport.Completed},
		"dbt Cloud, ended so":  {dialects.DbtCloudRun("17", "308"), dbtEvent("job.run.completed", "Errored"), "981", transport.Failed},
		"dbt Cloud, canceled":  {dialects.DbtCloudRun("17", "308"), dbtEvent("job.run.completed", "Cancelled"), "981", transport.Unknown},
		"Mux": {dialects.MuxUpload(),
			`{"type":"video.upload.asset_created","id":"evt1","object":{"type":"upload","id":"up1"},"data":{"id":"up1","status":"asset_created","asset_id":"as1"}}`, "up1", transport.Completed},
		"Mux asset": {dialects.MuxUpload(), `{"type":"video.asset.ready","object":{"type":"asset","id":"as1"},"data":{"id":"as1","status":"ready","upload_id":"up1"}}`, "as1", transport.Unknown},
		"Shopify": {dialects.ShopifyBulkOperation("2026-07"),
			`{"admin_graphql_api_id":"gid://shopify/BulkOperation/72","completed_at":"2027-03-01T00:05:00-05:00","error_code":null,"status":"completed","type":"query"}`,
			"gid://shopify/BulkOperation/72", transport.Completed},
		"Meilisearch": {dialects.MeilisearchTask("movies"),
			`[{"uid":4,"indexUid":"movies","status":"succeeded","type":"indexDeletion","error":null,"details":{"deletedDocuments":0}}]`, "4", transport.Completed},
		"Shopify, failed": {dialects.ShopifyBulkOperation("2026-07"),
			`{"admin_graphql_api_id":"gid://shopify/BulkOperation/72","error_code":"TIMEOUT","status":"failed","type":"query"}`, "gid://shopify/BulkOperation/72", transport.Failed},
		"Spacelift": {dialects.SpaceliftRun("net"),
			`{"account":"acme","state":"UNCONFIRMED","stateVersion":4,"timestamp":1800000000,"run":{"id":"01JX5","type":"TRACKED"},"stack":{"id":"net"}}`, "01JX5", transport.Blocked},
		"Spacelift error": {dialects.SpaceliftRun("net"), `{"title":"no such stack","error":"none","severity":"ERROR","account":"acme"}`, "", transport.Unknown},
		"Zencoder": {dialects.ZencoderJob(),
			`{"job":{"id":31,"state":"failed","pass_through":null},"input":{"id":1,"state":"finished"},"outputs":[{"id":2,"state":"failed"}]}`, "31", transport.Failed},
		"Zencoder output": {dialects.ZencoderJob(), `{"job":{"id":31,"state":"processing"},"input":{"id":1,"state":"finished"},"output":{"id":2,"state":"finished"}}`, "31", transport.Running},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := rest.New(cmp.Or(c.service.BaseURL, "https://service.example"), rest.WithDialect(c.service.Dialect))
			require.NoError(t, err)
			s, err := readEvent(client, []byte(c.body))
			require.NoError(t, err)
			assert.Equal(t, c.id, s.ID)
			assert.Equal(t, c.state, s.State)
		})
	}
}

// dbtEvent returns a webhook of dbt Cloud about the run 981.
func dbtEvent(kind, status string) string {
	return fmt.Sprintf(`{"accountId":17,"eventId":"wev_1","eventType":%q,"webhookName":"ci","data":{"jobId":"308","runId":"981","runStatus":%q,"runStatusMessage":"None"}}`, kind, status)
}

// readEvent returns the status in a body that is about one job at most.
func readEvent(c *rest.Client, body []byte) (s transport.Status, err error) {
	statuses, err := c.ReadEvents(nil, body)
	if len(statuses) > 0 {
		s = statuses[0]
	}
	return s, err
}
