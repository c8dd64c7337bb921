package linearizability

// Frontier is the verdict of frontiers alone, which Check asks only about keys that
// Porcupine cannot decide soon.
func Frontier(m Model, h History) Verdict {
	verdict := OK
	for _, k := range m.(*model).split(h) {
		s := &search{model: m.(*model), limit: DefaultSteps}
		done, open := s.parts(k.ops)
		verdict = max(verdict, (&frontier{search: s}).decide(done, open))
	}
	return verdict
}
