package main

import (
	"os"
	"strings"
	"testing"
)

func TestABulkUnderALearnerCostsLessAJobThanOneJob(t *testing.T) {
	t.Parallel()
	alone, together := bulkOf(1, 0, laws[1]), bulkOf(500, 0, laws[1])
	if together.n > 0.8*alone.n || together.d > alone.d {
		t.Errorf("alone %+v, together %+v", alone, together)
	}
}

func TestAPictureThatIsUnknownIsAnError(t *testing.T) {
	t.Parallel()
	folder := t.TempDir() + "/pictures"
	if err := drawAll(folder, "none", 1, 1); err == nil || !strings.Contains(err.Error(), `"none"`) {
		t.Error(err)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("a folder was made")
	}
}
