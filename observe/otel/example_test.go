package jobstatusotel_test

import (
	"context"
	"fmt"
	"log"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
	jobstatusotel "github.com/iamber12/job-status-monitoring/observe/otel"
)

func Example() {
	reader := sdkmetric.NewManualReader() // in a program, one that exports
	o, err := jobstatusotel.New(jobstatusotel.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
	if err != nil {
		log.Fatal(err)
	}
	service, err := mock.NewService(mock.Job("report-1", mock.Pending(mock.Polls(2)), mock.Completed(nil)))
	if err != nil {
		log.Fatal(err)
	}
	w, err := jobstatus.New(&mock.Transport{Service: service}, jobstatus.WithObserver(o), jobstatus.WithBaseDelay(time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	unregister, err := o.Register(w.Stats)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = unregister() }()
	if _, err := w.WaitForJob(context.Background(), "report-1"); err != nil {
		log.Fatal(err)
	}
	_ = w.Close()

	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		log.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		fmt.Println(m.Name, m.Unit)
	}
	// Unordered output:
	// jobstatus.poll.duration s
	// jobstatus.watch.duration s
	// jobstatus.detection.delay s
	// jobstatus.watch.count {watch}
	// jobstatus.poll.lag s
	// jobstatus.ended.watches {watch}
	// jobstatus.watch.ways {watch}
	// jobstatus.notifications {notification}
}
