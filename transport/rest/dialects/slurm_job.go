package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// SlurmJob returns the dialect of jobs of Slurm's slurmrestd, in a version of its API such as
// v0.0.44. It does not read the states of versions before v0.0.40.
//
// A poll is GET /slurm/{version}/job/{id} with a token of scontrol in the header
// X-SLURM-USER-TOKEN. Such a token is valid for a few minutes.
//
// A job that is suspended or held is Blocked, and so is one whose reservation was deleted. A job
// that ends is Running while Slurm still cleans up after it, and Pending if it is queued again.
//
// A few minutes after its end, slurmrestd no longer finds a job, although slurmdbd still has it.
//
// See https://slurm.schedmd.com/rest_api.html.
func SlurmJob(version string) Service {
	slurm := "/slurm/" + segment(version)
	return Service{
		Name:        "Slurm jobs",
		Doc:         "https://slurm.schedmd.com/rest_api.html",
		TokenHeader: "X-SLURM-USER-TOKEN",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: slurm + "/job/submit"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: slurm + "/job/{id}"},
			Cancel:            rest.Call{Method: "DELETE", Path: slurm + "/job/{id}"},
			ID:                "job_id",
			AnswerID:          "jobs[0].job_id",
			State: "jobs[0].job_state[=REQUEUE_HOLD], jobs[0].job_state[=REQUEUED], jobs[0].job_state[=COMPLETING], " +
				"jobs[0].job_state[0], jobs[0].job_state[1], jobs[0].state_reason",
			States:  slurmStates(),
			Fault:   "errors[0].error_number",
			Faults:  map[string]transport.Class{"2017": transport.NotFound}, // ESLURM_INVALID_JOB_ID
			Message: "jobs[0].state_description, jobs[0].state_reason",
			Result:  "-",
			Created: "jobs[0].submit_time.number",
			Batch: rest.Batch{
				Path:  slurm + "/jobs/state/?job_id={ids}",
				List:  "jobs",
				ID:    "job_id",
				State: "state[=REQUEUE_HOLD], state[=REQUEUED], state[=COMPLETING], state[0], state[1], state_reason",
			},
		},
	}
}

// slurmStates returns the states of jobs. A key has the flags that keep a job from its end, the
// base state, another flag, and why the job waits.
func slurmStates() map[string]transport.State {
	return map[string]transport.State{
		"+, *, *, *, *, *":                     transport.Blocked,
		"-, +, *, *, *, *":                     transport.Pending,
		"-, -, +, *, *, *":                     transport.Running,
		"-, -, -, PENDING, *, *":               transport.Pending,
		"-, -, -, PENDING, *, JobHeld*":        transport.Blocked,
		"-, -, -, PENDING, RESV_DEL_HOLD, *":   transport.Blocked,
		"-, -, -, RUNNING, *, *":               transport.Running,
		"-, -, -, CONFIGURING, *, *":           transport.Running,
		"-, -, -, SUSPENDED, *, *":             transport.Blocked,
		"-, -, -, COMPLETED, *, *":             transport.Running,
		"-, -, -, COMPLETED, -, *":             transport.Completed,
		"-, -, -, COMPLETED, LAUNCH_FAILED, *": transport.Failed,
		"-, -, -, COMPLETED, RECONFIG_FAIL, *": transport.Failed,
		"-, -, -, FAILED, *, *":                transport.Failed,
		"-, -, -, TIMEOUT, *, *":               transport.Failed,
		"-, -, -, DEADLINE, *, *":              transport.Failed,
		"-, -, -, OUT_OF_MEMORY, *, *":         transport.Failed,
		"-, -, -, NODE_FAIL, *, *":             transport.Failed,
		"-, -, -, BOOT_FAIL, *, *":             transport.Failed,
		"-, -, -, PREEMPTED, *, *":             transport.Failed,
		"-, -, -, CANCELLED, *, *":             transport.Canceled,
	}
}
