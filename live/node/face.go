package node

import (
	"embed"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/primes"
)

const (
	// bodyMax is the longest body of a submission.
	bodyMax = 1 << 10
	// idMax is the longest id that is looked for.
	idMax = 100
	// answerTime is how long the service may take to answer, whatever a sum takes. A
	// synchronous server may take as long for a sum.
	answerTime = 30 * time.Second
	// cookieName has the server that took a request, for a balancer with affinity.
	cookieName = "server"
)

//go:embed page
var page embed.FS

// A face is the HTTP face of a sum-of-primes service.
type face struct{ env actors.Env }

// newFace returns the handler of all that the service answers over HTTP. It asks the
// actors through env, from many goroutines at once.
func newFace(env actors.Env) http.Handler {
	f := &face{env: env}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sumPrime", f.submit)
	mux.HandleFunc("GET /sumPrime/{requestId}", f.poll)
	for path, file := range map[string]string{"/{$}": "page.html", "/page.js": "page.js", "/page.css": "page.css"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:")
			http.ServeFileFS(w, r, page, "page/"+file)
		})
	}
	// Pages of other sites must not make the browser of a visitor submit work.
	own := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		own.ServeHTTP(w, r)
	})
}

// A submission is the body of POST /sumPrime.
type submission struct {
	A *int64 `json:"a"`
	B *int64 `json:"b"`
}

// A result is the JSON of a Response. Payload is null unless the status is FINISHED.
type result struct {
	RequestID string        `json:"requestId"`
	Status    primes.Status `json:"status"`
	Payload   *string       `json:"payload"`
}

// submit stores nothing unless the body is right.
func (f *face) submit(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, "the body is longer than "+strconv.Itoa(bodyMax)+" bytes", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	var s submission
	if json.Unmarshal(body, &s) != nil || s.A == nil || s.B == nil {
		http.Error(w, `the body must be {"a": N, "b": N} with integers`, http.StatusBadRequest)
		return
	}
	conn := f.conn(r)
	f.answer(w, func() (primes.Response, error) { return conn.Submit(*s.A, *s.B) })
}

func (f *face) poll(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("requestId")
	if len(id) > idMax {
		http.Error(w, "no such request", http.StatusNotFound)
		return
	}
	cookie := ""
	if c, err := r.Cookie(cookieName); err == nil && len(c.Value) <= idMax {
		cookie = c.Value
	}
	conn := f.conn(r)
	f.answer(w, func() (primes.Response, error) { return conn.Poll(id, cookie) })
}

// conn asks on behalf of the address that the request came from.
func (f *face) conn(r *http.Request) primes.EnvConn {
	name, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		name = r.RemoteAddr
	}
	return primes.EnvConn{Env: f.env, Timeout: answerTime, Name: name}
}

// answer writes what the service says, or one line that says why there is nothing.
func (f *face) answer(w http.ResponseWriter, ask func() (primes.Response, error)) {
	response, err := ask()
	var refused primes.Refusal
	switch {
	case errors.As(err, &refused):
		if refused.Code == primes.TooMany || refused.Code == primes.Unavailable {
			w.Header().Set("Retry-After", "1")
		}
		http.Error(w, refused.Why, int(refused.Code))
		return
	case err != nil:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "the service does not answer", http.StatusServiceUnavailable)
		return
	}
	if response.Cookie != "" {
		http.SetCookie(w, &http.Cookie{Name: cookieName, Value: response.Cookie, Path: "/sumPrime", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	out := result{RequestID: response.ID, Status: response.Status}
	if response.Status == primes.Finished {
		out.Payload = &response.Payload
	}
	w.Header().Set("Content-Type", "application/json")
	// An error of Encode is a client that is gone.
	_ = json.NewEncoder(w).Encode(out)
}
