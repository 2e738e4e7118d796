package dialects

import (
	"fmt"
	"strconv"
)

// entries lists the services, sorted by name.
var entries = []Entry{
	{Name: "accepted-location", Params: []string{"path"}, Source: "RFC 9110, MicrosoftDocs/azure-docs and microsoft/api-guidelines", CheckedOn: "2026-11-28", open: one(AcceptedLocation)},
	{Name: "airbyte-job", Source: "airbytehq/airbyte-api-python-sdk", CheckedOn: "2026-11-26", open: none(AirbyteJob)},
	{Name: "anthropic-batch", Source: "anthropics/anthropic-sdk-python", CheckedOn: "2026-11-26", Hints: "rate limit headers", open: none(AnthropicBatch)},
	{Name: "apify-run", Params: []string{"actor"}, Source: "apify/apify-client-python", CheckedOn: "2026-11-26", Push: "webhook", open: one(ApifyRun)},
	{Name: "aws-batch-job", Params: []string{"region"}, Source: "boto/botocore", CheckedOn: "2026-11-27", Push: "EventBridge", open: one(AWSBatchJob)},
	{Name: "aws-bedrock-batch", Params: []string{"region"}, Source: "boto/botocore", CheckedOn: "2026-11-27", Push: "EventBridge", open: one(AWSBedrockBatch)},
	{Name: "aws-cloudformation-stack", Params: []string{"region", "stack"}, Source: "boto/botocore; the JSON from memory", CheckedOn: "2026-11-27", Push: "SNS", open: two(AWSCloudFormationStack)},
	{Name: "aws-glue-job-run", Params: []string{"region", "job"}, Source: "boto/botocore", CheckedOn: "2026-11-27", Push: "EventBridge", open: two(AWSGlueJobRun)},
	{Name: "aws-mediaconvert-job", Params: []string{"region"}, Source: "boto/botocore", CheckedOn: "2026-11-27", Push: "EventBridge", open: one(AWSMediaConvertJob)},
	{Name: "aws-stepfunctions-execution", Params: []string{"region"}, Source: "boto/botocore", CheckedOn: "2026-11-27", Push: "EventBridge", open: one(AWSStepFunctionsExecution)},
	{Name: "aws-textract-analysis", Params: []string{"region"}, Source: "boto/botocore", CheckedOn: "2026-11-27", Push: "SNS", open: one(AWSTextractAnalysis)},
	{Name: "awx-job", Params: []string{"template"}, Source: "ansible/awx", CheckedOn: "2026-11-27", Push: "WebSocket, webhook", open: one(AWXJob)},
	{Name: "azure-devops-build", Params: []string{"organization/project"}, Source: "microsoft/azure-devops-go-api", CheckedOn: "2026-11-28", Push: "service hook", Hints: "Retry-After on any answer", open: one(AzureDevOpsBuild)},
	{Name: "bigquery-job", Params: []string{"project", "[location]"}, Source: "googleapis/googleapis and googleapis/python-bigquery", CheckedOn: "2026-11-28", Hints: "holds a call for rows by ?timeoutMs=", open: two(BigQueryJob)},
	{Name: "bitbucket-pipeline", Params: []string{"workspace/repo"}, Source: "JSON schemas of Atlassian's API", CheckedOn: "2026-11-26", Push: "webhook", open: one(BitbucketPipeline)},
	{Name: "buildkite-build", Params: []string{"organization/pipeline"}, Source: "buildkite/docs", CheckedOn: "2026-11-27", Push: "webhook", Hints: "rate limit headers", open: one(BuildkiteBuild)},
	{Name: "bunny-stream-video", Params: []string{"library"}, Source: "BunnyWay/bunny-stream-android; the id in a create: memory", CheckedOn: "2026-11-28", Push: "webhook", open: one(BunnyStreamVideo)},
	{Name: "camunda-process-instance", Source: "camunda/camunda and camunda/camunda-8-js-sdk", CheckedOn: "2026-11-28", Hints: "not found for a while after the create", open: none(CamundaProcessInstance)},
	{Name: "circleci-workflow", Source: "a JSON schema and a client of CircleCI's API", CheckedOn: "2026-11-26", Push: "webhook", open: none(CircleCIWorkflow)},
	{Name: "cloudconvert-job", Source: "cloudconvert/cloudconvert-node", CheckedOn: "2026-11-27", Push: "webhook, socket.io", Hints: "another host holds a call", open: none(CloudConvertJob)},
	{Name: "cloudflare-workflow-instance", Params: []string{"account", "workflow"}, Source: "cloudflare/cloudflare-python", CheckedOn: "2026-11-27", open: two(CloudflareWorkflowInstance)},
	{Name: "cloudinary-upload", Params: []string{"cloud", "type"}, Source: "cloudinary/cloudinary_npm and cloudinary/cloudinary-go; failures: memory", CheckedOn: "2026-11-28", Push: "webhook", open: two(CloudinaryUpload)},
	{Name: "comfyui-prompt", Source: "Comfy-Org/ComfyUI", CheckedOn: "2026-11-28", Push: "WebSocket", open: none(ComfyUIPrompt)},
	{Name: "convertapi-job", Params: []string{"from", "to"}, Source: "ConvertAPI's pages; the cancel: memory", CheckedOn: "2026-11-28", Push: "webhook", open: two(ConvertAPIJob)},
	{Name: "databricks-run", Source: "databricks/databricks-sdk-go", CheckedOn: "2026-11-27", Push: "webhook", open: none(DatabricksRun)},
	{Name: "databricks-statement", Source: "databricks/databricks-sdk-go", CheckedOn: "2026-11-27", open: none(DatabricksStatement)},
	{Name: "dbt-cloud-run", Params: []string{"account", "job"}, Source: "data-mie/dbt-cloud-cli and dbt-labs/docs.getdbt.com", CheckedOn: "2026-11-28", Push: "webhook", open: two(DbtCloudRun)},
	{Name: "elasticsearch-async-search", Params: []string{"index"}, Source: "elastic/elasticsearch-specification", CheckedOn: "2026-11-26", Hints: "holds a call by ?wait_for_completion_timeout=", open: one(ElasticsearchAsyncSearch)},
	{Name: "elasticsearch-task", Params: []string{"action"}, Source: "elastic/elasticsearch-specification", CheckedOn: "2026-11-27", Hints: "holds a call by ?wait_for_completion=", open: one(ElasticsearchTask)},
	{Name: "ga4gh-tes-task", Source: "ga4gh/task-execution-schemas", CheckedOn: "2026-11-27", open: none(TESTask)},
	{Name: "github-check-run", Params: []string{"owner/repo"}, Source: "google/go-github", CheckedOn: "2026-11-27", Push: "webhook", Hints: "ETag, rate limit headers", open: one(GitHubCheckRun)},
	{Name: "github-run", Params: []string{"owner/repo"}, Source: "google/go-github and octokit/webhooks", CheckedOn: "2026-11-28", Push: "webhook", Hints: "ETag, rate limit headers", open: one(GitHubActionsRun)},
	{Name: "github-workflow-run", Params: []string{"owner/repo", "workflow"}, Source: "google/go-github and octokit/webhooks", CheckedOn: "2026-11-28", Push: "webhook", Hints: "ETag, rate limit headers", open: two(GitHubWorkflowRun)},
	{Name: "gitlab-pipeline", Params: []string{"project", "[ref]"}, Source: "xanzy/go-gitlab and gitlabhq/gitlabhq", CheckedOn: "2026-11-28", Push: "webhook", Hints: "ETag, rate limit headers", open: two(GitLabPipeline)},
	{Name: "globus-transfer", Source: "globus/globus-sdk-python and Globus's pages; nice_status and CANCELED: memory", CheckedOn: "2026-11-28", open: none(GlobusTransfer)},
	{Name: "google-operation", Params: []string{"service", "version", "collection"}, Source: "AIP-151 and googleapis/googleapis", CheckedOn: "2026-11-28", Hints: "some services hold a call by :wait", open: three(GoogleOperation)},
	{Name: "hetzner-action", Params: []string{"server", "action"}, Source: "hetznercloud/hcloud-go", CheckedOn: "2026-11-26", Hints: "rate limit headers", open: two(HetznerAction)},
	{Name: "huggingface-job", Params: []string{"namespace"}, Source: "huggingface/huggingface_hub", CheckedOn: "2026-11-26", Push: "server-sent events", Hints: "rate limit headers", open: one(HuggingFaceJob)},
	{Name: "ibm-resource-instance", Source: "IBM/platform-services-go-sdk", CheckedOn: "2026-11-28", open: none(IBMResourceInstance)},
	{Name: "jenkins-build", Params: []string{"job"}, Source: "jenkinsci/jenkins and bndr/gojenkins", CheckedOn: "2026-11-28", Push: "plug-ins", open: one(JenkinsBuild)},
	{Name: "kubernetes-job", Params: []string{"namespace"}, Source: "kubernetes/api", CheckedOn: "2026-11-27", Push: "watch", Hints: "resourceVersion", open: one(KubernetesJob)},
	{Name: "linode-event", Params: []string{"instance", "action"}, Source: "linode/linodego", CheckedOn: "2026-11-26", Hints: "rate limit headers", open: linodeEvent},
	{Name: "livy-batch", Source: "apache/incubator-livy", CheckedOn: "2026-11-26", open: none(LivyBatch)},
	{Name: "luma-generation", Source: "lumalabs/lumaai-python", CheckedOn: "2026-11-26", Push: "webhook", open: none(LumaGeneration)},
	{Name: "meilisearch-task", Params: []string{"index"}, Source: "Meilisearch's pages", CheckedOn: "2026-11-26", Push: "webhook", open: one(MeilisearchTask)},
	{Name: "mistral-batch", Source: "mistralai/client-python", CheckedOn: "2026-11-27", open: none(MistralBatch)},
	{Name: "mux-upload", Source: "muxinc/mux-node-sdk", CheckedOn: "2026-11-26", Push: "webhook", open: none(MuxUpload)},
	{Name: "nomad-evaluation", Params: []string{"job"}, Source: "hashicorp/nomad", CheckedOn: "2026-11-28", Push: "event stream", open: one(NomadEvaluation)},
	{Name: "openai-batch", Source: "openai/openai-openapi", CheckedOn: "2026-11-27", Push: "webhook", Hints: "rate limit headers", open: none(OpenAIBatch)},
	{Name: "openai-fine-tune", Source: "openai/openai-openapi", CheckedOn: "2026-11-27", Push: "webhook", open: none(OpenAIFineTune)},
	{Name: "openai-response", Source: "openai/openai-openapi", CheckedOn: "2026-11-27", Push: "webhook, server-sent events", Hints: "retry-after-ms", open: none(OpenAIResponse)},
	{Name: "openai-video", Source: "openai/openai-openapi", CheckedOn: "2026-11-27", Push: "webhook", open: none(OpenAIVideo)},
	{Name: "openstack-heat-stack", Params: []string{"project", "stack"}, Source: "openstack/heat and gophercloud/gophercloud", CheckedOn: "2026-11-28", open: two(HeatStack)},
	{Name: "replicate-prediction", Source: "replicate/replicate-python", CheckedOn: "2026-11-26", Push: "webhook, server-sent events", Hints: "Prefer: wait holds a create", open: none(ReplicatePrediction)},
	{Name: "runway-task", Params: []string{"kind"}, Source: "runwayml/sdk-python", CheckedOn: "2026-11-26", Hints: "not more often than every 5 s", open: one(RunwayTask)},
	{Name: "scaleway-job-run", Params: []string{"region", "definition"}, Source: "scaleway/scaleway-sdk-go", CheckedOn: "2026-11-26", open: two(ScalewayJobRun)},
	{Name: "shopify-bulk-operation", Params: []string{"version"}, Source: "Shopify's pages", CheckedOn: "2026-11-26", Push: "webhook", open: one(ShopifyBulkOperation)},
	{Name: "slurm-job", Params: []string{"version"}, Source: "SchedMD/slurm", CheckedOn: "2026-11-28", Hints: "tokens live for minutes", open: one(SlurmJob)},
	{Name: "snowflake-statement", Params: []string{"[token-type]"}, Source: "snowflakedb/snowflake-rest-api-specs and snowflakedb/snowflake-connector-python", CheckedOn: "2026-11-28", open: one(SnowflakeStatement)},
	{Name: "spacelift-run", Params: []string{"stack"}, Source: "spacelift-io/user-documentation and spacelift-io/spacectl", CheckedOn: "2026-11-28", Push: "webhook", open: one(SpaceliftRun)},
	{Name: "stripe-report-run", Source: "stripe/stripe-go", CheckedOn: "2026-11-26", Push: "webhook", Hints: "Stripe-Should-Retry", open: none(StripeReportRun)},
	{Name: "teamcity-build", Source: "JetBrains/teamcity-rest-client", CheckedOn: "2026-11-26", open: none(TeamCityBuild)},
	{Name: "temporal-workflow", Params: []string{"namespace"}, Source: "temporalio/api", CheckedOn: "2026-11-26", Hints: "holds a call by ?waitNewEvent=", open: one(TemporalWorkflow)},
	{Name: "terraform-run", Source: "hashicorp/go-tfe", CheckedOn: "2026-11-26", Push: "webhook", Hints: "rate limit headers", open: none(TerraformRun)},
	{Name: "trino-query", Params: []string{"user"}, Source: "trinodb/trino and trinodb/trino-python-client", CheckedOn: "2026-11-28", Hints: "holds each call", open: one(TrinoQuery)},
	{Name: "twilio-export-job", Params: []string{"resource"}, Source: "twilio/twilio-oai", CheckedOn: "2026-11-27", Push: "webhook", open: one(TwilioExportJob)},
	{Name: "virustotal-analysis", Source: "VirusTotal/vt-py and VirusTotal's pages", CheckedOn: "2026-11-28", Hints: "4 requests a minute on free keys", open: none(VirusTotalAnalysis)},
	{Name: "zencoder-job", Source: "zencoder/zencoder-rb and zencoder/zencoder-php; queued and assigning: a client of Zencoder", CheckedOn: "2026-11-28", Push: "webhook", open: none(ZencoderJob)},
}

// linodeEvent is [LinodeEvent] with the instance as a text.
func linodeEvent(args []string) (Service, error) {
	instance, err := strconv.Atoi(args[0])
	if err != nil || instance <= 0 {
		return Service{}, fmt.Errorf("dialects: linode-event takes the number of an instance, and was given %.200q", args[0])
	}
	return LinodeEvent(instance, args[1]), nil
}
