package actors

// Gauge is a fact for [Env.Note]: a value at this time. A plot of the run draws one
// curve for each name in each chart.
type Gauge struct {
	Chart string // with the unit: "good pages a second"
	Curve string
	Value int64
}
