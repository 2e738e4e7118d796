package main

import (
	"context"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// azure takes an interval of a second at least, except in a test.
func azure(s service) func(context.Context, string) error {
	opts := policy.ClientOptions{}
	if s.carrier != nil {
		opts.Transport = s.client()
	}
	pipeline := runtime.NewPipeline("bench", "v1.0.0", runtime.PipelineOptions{}, &opts)
	return func(ctx context.Context, id string) error {
		poller, err := runtime.NewPoller(nil, pipeline, &runtime.NewPollerOptions[string]{
			Handler: &azureJob{pipeline: pipeline, url: s.job(id)},
		})
		if err != nil {
			return err
		}
		_, err = poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: s.every})
		return err
	}
}

// azureJob is how a Poller asks about a job.
type azureJob struct {
	pipeline    runtime.Pipeline
	url, status string
}

var _ runtime.PollingHandler[string] = (*azureJob)(nil)

func (j *azureJob) Done() bool { return j.status == completed }

func (j *azureJob) Poll(ctx context.Context) (*http.Response, error) {
	req, err := runtime.NewRequest(ctx, http.MethodGet, j.url)
	if err != nil {
		return nil, err
	}
	resp, err := j.pipeline.Do(req)
	if err != nil {
		return nil, err
	}
	if !runtime.HasStatusCode(resp, http.StatusOK) {
		return nil, runtime.NewResponseError(resp)
	}
	var a answer
	if err := runtime.UnmarshalAsJSON(resp, &a); err != nil {
		return nil, err
	}
	j.status = a.Payload.Status
	return resp, nil
}

func (j *azureJob) Result(_ context.Context, out *string) error {
	*out = j.status
	return nil
}
