package dialects

import (
	"fmt"
	"strconv"
)

// entries lists the services, sorted by name.
var entries = []Entry{
	{Name: "accepted-location", Params: []string{"path"}, Checked: "RFC 9110 and Microsoft's pages", open: one(AcceptedLocation)},
	{Name: "airbyte-job", Checked: "airbytehq/airbyte-api-python-sdk", Read: "2026-11-26", open: none(AirbyteJob)},
	{Name: "anthropic-batch", Checked: "anthropics/anthropic-sdk-python", Read: "2026-11-26", Hints: "rate limit headers", open: none(AnthropicBatch)},
	{Name: "apify-run", Params: []string{"actor"}, Checked: "apify/apify-client-python", Read: "2026-11-26", Push: "webhook", open: one(ApifyRun)},
	{Name: "aws-batch-job", Params: []string{"region"}, Checked: "boto/botocore", Push: "EventBridge", open: one(AWSBatchJob)},
	{Name: "aws-bedrock-batch", Params: []string{"region"}, Checked: "boto/botocore", Push: "EventBridge", open: one(AWSBedrockBatch)},
	{Name: "aws-cloudformation-stack", Params: []string{"region", "stack"}, Checked: "boto/botocore; the JSON from memory", Push: "SNS", open: two(AWSCloudFormationStack)},
	{Name: "aws-glue-job-run", Params: []string{"region", "job"}, Checked: "boto/botocore", Push: "EventBridge", open: two(AWSGlueJobRun)},
	{Name: "aws-mediaconvert-job", Params: []string{"region"}, Checked: "boto/botocore", Push: "EventBridge", open: one(AWSMediaConvertJob)},
	{Name: "aws-stepfunctions-execution", Params: []string{"region"}, Checked: "boto/botocore", Push: "EventBridge", open: one(AWSStepFunctionsExecution)},
	{Name: "aws-textract-analysis", Params: []string{"region"}, Checked: "boto/botocore", Push: "SNS", open: one(AWSTextractAnalysis)},
	{Name: "awx-job", Params: []string{"template"}, Checked: "ansible/awx", Push: "WebSocket, webhook", open: one(AWXJob)},
	{Name: "azure-devops-build", Params: []string{"organization/project"}, Checked: "microsoft/azure-devops-go-api", Push: "service hook", Hints: "Retry-After on any answer", open: one(AzureDevOpsBuild)},
	{Name: "bigquery-job", Params: []string{"project", "[location]"}, Checked: "googleapis/googleapis", Hints: "holds a call for rows by ?timeoutMs=", open: two(BigQueryJob)},
	{Name: "bitbucket-pipeline", Params: []string{"workspace/repo"}, Checked: "JSON schemas of Atlassian's API", Read: "2026-11-26", Push: "webhook", open: one(BitbucketPipeline)},
	{Name: "buildkite-build", Params: []string{"organization/pipeline"}, Push: "webhook", Hints: "rate limit headers", open: one(BuildkiteBuild)},
	{Name: "bunny-stream-video", Params: []string{"library"}, Checked: "clients of Bunny Stream", Push: "webhook", open: one(BunnyStreamVideo)},
	{Name: "camunda-process-instance", Checked: "Camunda's pages", Hints: "not found for a while after the create", open: none(CamundaProcessInstance)},
	{Name: "circleci-workflow", Checked: "a JSON schema and a client of CircleCI's API", Read: "2026-11-26", Push: "webhook", open: none(CircleCIWorkflow)},
	{Name: "cloudconvert-job", Checked: "cloudconvert/cloudconvert-node", Push: "webhook, socket.io", Hints: "another host holds a call", open: none(CloudConvertJob)},
	{Name: "cloudflare-workflow-instance", Params: []string{"account", "workflow"}, Checked: "cloudflare/cloudflare-python", open: two(CloudflareWorkflowInstance)},
	{Name: "cloudinary-upload", Params: []string{"cloud", "type"}, Checked: "memory; the rate limit: a client of Cloudinary", Push: "webhook", open: two(CloudinaryUpload)},
	{Name: "comfyui-prompt", Checked: "Comfy-Org/ComfyUI", Push: "WebSocket", open: none(ComfyUIPrompt)},
	{Name: "convertapi-job", Params: []string{"from", "to"}, Checked: "ConvertAPI/convertapi-library-ruby; failures: memory", Push: "webhook", open: two(ConvertAPIJob)},
	{Name: "databricks-run", Checked: "databricks/databricks-sdk-go", Push: "webhook", open: none(DatabricksRun)},
	{Name: "databricks-statement", Checked: "databricks/databricks-sdk-go", open: none(DatabricksStatement)},
	{Name: "dbt-cloud-run", Params: []string{"account", "job"}, Checked: "a JSON schema of dbt's API", Push: "webhook", open: two(DbtCloudRun)},
	{Name: "elasticsearch-async-search", Params: []string{"index"}, Checked: "elastic/elasticsearch-specification", Read: "2026-11-26", Hints: "holds a call by ?wait_for_completion_timeout=", open: one(ElasticsearchAsyncSearch)},
	{Name: "elasticsearch-task", Params: []string{"action"}, Checked: "elastic/elasticsearch-specification", Hints: "holds a call by ?wait_for_completion=", open: one(ElasticsearchTask)},
	{Name: "ga4gh-tes-task", Checked: "ga4gh/task-execution-schemas", open: none(TESTask)},
	{Name: "github-check-run", Params: []string{"owner/repo"}, Checked: "google/go-github", Push: "webhook", Hints: "ETag, rate limit headers", open: one(GitHubCheckRun)},
	{Name: "github-run", Params: []string{"owner/repo"}, Checked: "google/go-github", Push: "webhook", Hints: "ETag, rate limit headers", open: one(GitHubActionsRun)},
	{Name: "github-workflow-run", Params: []string{"owner/repo", "workflow"}, Checked: "google/go-github", Push: "webhook", Hints: "ETag, rate limit headers", open: two(GitHubWorkflowRun)},
	{Name: "gitlab-pipeline", Params: []string{"project", "[ref]"}, Checked: "xanzy/go-gitlab", Push: "webhook", Hints: "ETag, rate limit headers", open: two(GitLabPipeline)},
	{Name: "globus-transfer", Checked: "globus/globus-sdk-python", open: none(GlobusTransfer)},
	{Name: "google-operation", Params: []string{"service", "version", "collection"}, Checked: "AIP-151 and googleapis/googleapis", Hints: "some services hold a call by :wait", open: three(GoogleOperation)},
	{Name: "hetzner-action", Params: []string{"server", "action"}, Checked: "hetznercloud/hcloud-go", Read: "2026-11-26", Hints: "rate limit headers", open: two(HetznerAction)},
	{Name: "huggingface-job", Params: []string{"namespace"}, Checked: "huggingface/huggingface_hub", Read: "2026-11-26", Push: "server-sent events", Hints: "rate limit headers", open: one(HuggingFaceJob)},
	{Name: "ibm-resource-instance", open: none(IBMResourceInstance)},
	{Name: "jenkins-build", Params: []string{"job"}, Checked: "bndr/gojenkins", Push: "plug-ins", open: one(JenkinsBuild)},
	{Name: "kubernetes-job", Params: []string{"namespace"}, Checked: "kubernetes/api", Push: "watch", Hints: "resourceVersion", open: one(KubernetesJob)},
	{Name: "linode-event", Params: []string{"instance", "action"}, Checked: "linode/linodego", Read: "2026-11-26", Hints: "rate limit headers", open: linodeEvent},
	{Name: "livy-batch", Checked: "apache/incubator-livy", Read: "2026-11-26", open: none(LivyBatch)},
	{Name: "luma-generation", Checked: "lumalabs/lumaai-python", Read: "2026-11-26", Push: "webhook", open: none(LumaGeneration)},
	{Name: "meilisearch-task", Params: []string{"index"}, Checked: "Meilisearch's pages", Read: "2026-11-26", Push: "webhook", open: one(MeilisearchTask)},
	{Name: "mistral-batch", Checked: "mistralai/client-python", open: none(MistralBatch)},
	{Name: "mux-upload", Checked: "muxinc/mux-node-sdk", Read: "2026-11-26", Push: "webhook", open: none(MuxUpload)},
	{Name: "nomad-evaluation", Params: []string{"job"}, Checked: "hashicorp/nomad-openapi", Push: "event stream", open: one(NomadEvaluation)},
	{Name: "openai-batch", Checked: "openai/openai-openapi", Push: "webhook", Hints: "rate limit headers", open: none(OpenAIBatch)},
	{Name: "openai-fine-tune", Checked: "openai/openai-openapi", Push: "webhook", open: none(OpenAIFineTune)},
	{Name: "openai-response", Checked: "openai/openai-openapi", Push: "webhook, server-sent events", Hints: "retry-after-ms", open: none(OpenAIResponse)},
	{Name: "openai-video", Checked: "openai/openai-openapi", Push: "webhook", open: none(OpenAIVideo)},
	{Name: "openstack-heat-stack", Params: []string{"project", "stack"}, Checked: "gophercloud/gophercloud", open: two(HeatStack)},
	{Name: "replicate-prediction", Checked: "replicate/replicate-python", Read: "2026-11-26", Push: "webhook, server-sent events", Hints: "Prefer: wait holds a create", open: none(ReplicatePrediction)},
	{Name: "runway-task", Params: []string{"kind"}, Checked: "runwayml/sdk-python", Read: "2026-11-26", Hints: "not more often than every 5 s", open: one(RunwayTask)},
	{Name: "scaleway-job-run", Params: []string{"region", "definition"}, Checked: "scaleway/scaleway-sdk-go", Read: "2026-11-26", open: two(ScalewayJobRun)},
	{Name: "shopify-bulk-operation", Params: []string{"version"}, Checked: "Shopify's pages", Read: "2026-11-26", Push: "webhook", open: one(ShopifyBulkOperation)},
	{Name: "slurm-job", Params: []string{"version"}, Checked: "SchedMD/slurm", Hints: "tokens live for minutes", open: one(SlurmJob)},
	{Name: "snowflake-statement", Params: []string{"[token-type]"}, Checked: "Snowflake's pages", open: one(SnowflakeStatement)},
	{Name: "spacelift-run", Params: []string{"stack"}, Checked: "spacelift-io/spacectl", Push: "webhook", open: one(SpaceliftRun)},
	{Name: "stripe-report-run", Checked: "stripe/stripe-go", Read: "2026-11-26", Push: "webhook", Hints: "Stripe-Should-Retry", open: none(StripeReportRun)},
	{Name: "teamcity-build", Checked: "JetBrains/teamcity-rest-client", Read: "2026-11-26", open: none(TeamCityBuild)},
	{Name: "temporal-workflow", Params: []string{"namespace"}, Checked: "temporalio/api", Read: "2026-11-26", Hints: "holds a call by ?waitNewEvent=", open: one(TemporalWorkflow)},
	{Name: "terraform-run", Checked: "hashicorp/go-tfe", Read: "2026-11-26", Push: "webhook", Hints: "rate limit headers", open: none(TerraformRun)},
	{Name: "trino-query", Params: []string{"user"}, Checked: "trinodb/trino-python-client", Hints: "holds each call", open: one(TrinoQuery)},
	{Name: "twilio-export-job", Params: []string{"resource"}, Checked: "twilio/twilio-oai", Push: "webhook", open: one(TwilioExportJob)},
	{Name: "virustotal-analysis", Checked: "VirusTotal/vt-py", Hints: "4 requests a minute on free keys", open: none(VirusTotalAnalysis)},
	{Name: "zencoder-job", Checked: "a client of Zencoder", Push: "webhook", open: none(ZencoderJob)},
}

// linodeEvent is [LinodeEvent] with the instance as a text.
func linodeEvent(args []string) (Service, error) {
	instance, err := strconv.Atoi(args[0])
	if err != nil || instance <= 0 {
		return Service{}, fmt.Errorf("dialects: linode-event takes the number of an instance, and was given %.200q", args[0])
	}
	return LinodeEvent(instance, args[1]), nil
}
