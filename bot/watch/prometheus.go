package watch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

// mostSeries of one query are judged.
const mostSeries = 1000

// query puts a query to a Prometheus server, for its own present: clocks may differ.
func (s Sources) query(ctx context.Context, watch config.Watch) (seen promote.Observation, err error) {
	client, err := api.NewClient(api.Config{Address: watch.Server, Client: s.client(watch.Headers)})
	if err != nil {
		return seen, errors.New("the server's URL cannot be asked")
	}
	value, warnings, _, err := v1.NewAPI(client).Query(ctx, watch.Prometheus, time.Time{})
	var said *v1.Error
	if errors.As(err, &said) && ctx.Err() == nil {
		return seen, fmt.Errorf("the server says: %s", said.Msg)
	}
	if err != nil {
		return seen, err
	}
	if len(warnings) > 0 {
		seen.Doubt = "the server warns: " + beginning(strings.Join(warnings, "; "))
	}
	switch value := value.(type) {
	case *model.Scalar:
		seen.Readings = []promote.Reading{{Value: float64(value.Value)}}
	case model.Vector:
		if len(value) > mostSeries {
			return seen, fmt.Errorf("the query gives %d series; at most %d are judged, so sum them up or take the worst with topk()", len(value), mostSeries)
		}
		for _, sample := range value {
			seen.Readings = append(seen.Readings, promote.Reading{Series: series(sample.Metric), Value: number(sample)})
		}
		if len(seen.Readings) == 0 {
			seen.Said = "the query gives nothing"
			if seen.Doubt != "" {
				seen.Said += "; " + seen.Doubt
			}
		}
	default:
		return seen, fmt.Errorf("the query gives a %s; expected a number, or one for each series", value.Type())
	}
	return seen, nil
}

// number is the value of a sample; a histogram has none.
func number(sample *model.Sample) float64 {
	if sample.Histogram != nil {
		return math.NaN()
	}
	return float64(sample.Value)
}

func series(metric model.Metric) string {
	if len(metric) == 0 {
		return ""
	}
	return metric.String()
}
