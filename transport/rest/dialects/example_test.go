package dialects_test

import (
	"context"
	"fmt"

	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

// One line names the service. The credential and an address of one's own are added to it.
func Example() {
	s := dialects.GitHubActionsRun("golang/go")
	c, err := rest.New(s.BaseURL, append(s.Options(), rest.WithToken(func(context.Context) (string, error) {
		return "a token", nil // as from the environment
	}))...)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println(s.Name, "at", s.BaseURL)
	// Output: GitHub Actions runs at https://api.github.com
}

// A command opens a service by its name.
func ExampleAll() {
	for _, e := range dialects.All() {
		if e.Name != "aws-glue-job-run" {
			continue
		}
		s, err := e.New("eu-west-1", "nightly")
		fmt.Println(e.Params, s.BaseURL, err)
		_, err = e.New("eu-west-1")
		fmt.Println(err)
	}
	// Output:
	// [region job] https://glue.eu-west-1.amazonaws.com <nil>
	// dialects: aws-glue-job-run takes region job, and job is missing
}

// What the dialect makes of an answer can be looked at.
func ExampleGitHubActionsRun() {
	s := dialects.GitHubActionsRun("golang/go")
	told, err := s.Dialect.Explain("303", rest.Answer{Code: 200, Body: []byte(`{"id":303,"status":"completed","conclusion":"timed_out"}`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(told.Status.State)
	// Output: failed
}
