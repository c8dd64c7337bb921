package node

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/actors/primes"
)

// ask makes one request and returns the answer.
func ask(t *testing.T, method, url, body string) (status int, text string, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(all), res.Header
}

// kept asks the response store how many entries it has.
func kept(t *testing.T, p *Primes) int {
	t.Helper()
	n := 0
	for _, path := range (primes.Options{}).CensusPaths() {
		reply, err := p.env.Request(p.env.PID(path), primes.Census{}, 5*time.Second)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		n += reply.(primes.Count).Entries
	}
	return n
}

// awaitServers returns when the balancer has found the servers.
func awaitServers(t *testing.T, p *Primes) {
	t.Helper()
	for {
		if code, _, _ := ask(t, "GET", p.URL()+"/sumPrime/none", ""); code == http.StatusNotFound {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("no server is up")
		}
	}
}

// R116: what is refused has the right status, says why in one line, and stores nothing.
func TestBadInputIsRefusedInOneLineAndStoresNothing(t *testing.T) {
	p := startService(t, primes.Options{})
	awaitServers(t, p)
	post := func(body string) [3]string { return [3]string{"POST", "/sumPrime", body} }
	for _, c := range []struct {
		request [3]string
		code    int
		say     string
	}{
		{post(`{"a": -1, "b": 10}`), 400, "a and b must be positive"},
		{post(`{"a": 0, "b": 10}`), 400, "a and b must be positive"},
		{post(`{"a": 10, "b": 1}`), 400, "a must be below b"},
		{post(`{"a": 10, "b": 10}`), 400, "a must be below b"},
		{post(`{"a": 1, "b": 100000001}`), 400, "b must be at most 100000000"},
		{post(`{"a": 1, "b": 1e30}`), 400, `the body must be {"a": N, "b": N} with integers`},
		{post(`{"a": 1, "b": 99999999999999999999}`), 400, `the body must be {"a": N, "b": N} with integers`},
		{post(`{"a": "1", "b": 10}`), 400, `the body must be {"a": N, "b": N} with integers`},
		{post(`{"a": 1.5, "b": 10}`), 400, `the body must be {"a": N, "b": N} with integers`},
		{post(`{"a": 1}`), 400, `the body must be {"a": N, "b": N} with integers`},
		{post(`{"a": 1, "b": 10} and more`), 400, `the body must be {"a": N, "b": N} with integers`},
		{post(`[1, 10]`), 400, `the body must be {"a": N, "b": N} with integers`},
		{post(`null`), 400, `the body must be {"a": N, "b": N} with integers`},
		{post(``), 400, `the body must be {"a": N, "b": N} with integers`},
		{post("\xff\x00"), 400, `the body must be {"a": N, "b": N} with integers`},
		{post(strings.Repeat(" ", 2000)), 413, "the body is longer than 1024 bytes"},
		{[3]string{"GET", "/sumPrime/sv1-1-99"}, 404, "no such request"},
		{[3]string{"GET", "/sumPrime/" + strings.Repeat("x", 5000)}, 404, "no such request"},
		{[3]string{"GET", "/sumPrime/%00%0a%2f"}, 404, "no such request"},
		{[3]string{"GET", "/nosuch"}, 404, "404 page not found"},
		{[3]string{"GET", "/sumPrime"}, 405, "Method Not Allowed"},
		{[3]string{"PUT", "/sumPrime", `{"a": 1, "b": 10}`}, 405, "Method Not Allowed"},
		{[3]string{"DELETE", "/sumPrime/sv1-1-1"}, 405, "Method Not Allowed"},
	} {
		code, text, _ := ask(t, c.request[0], p.URL()+c.request[1], c.request[2])
		if code != c.code || text != c.say+"\n" {
			t.Errorf("%.80q: %d %q\nwant %d %q", c.request, code, text, c.code, c.say)
		}
	}
	if n := kept(t, p); n != 0 {
		t.Errorf("%d entries are stored", n)
	}
}

// R100, R101: the JSON of the specification, to the letter.
func TestResponsesHaveTheExactShape(t *testing.T) {
	p := startService(t, primes.Options{})
	awaitServers(t, p)
	code, text, header := ask(t, "POST", p.URL()+"/sumPrime", `{"a": 1, "b": 10}`)
	first := regexp.MustCompile(`^\{"requestId":"([a-z0-9-]+)","status":"IN_PROGRESS","payload":null\}\n$`).FindStringSubmatch(text)
	if code != 200 || first == nil || header.Get("Content-Type") != "application/json" {
		t.Fatalf("POST: %d %q %v", code, text, header)
	}
	want := fmt.Sprintf(`{"requestId":"%s","status":"FINISHED","payload":"17"}`+"\n", first[1])
	for {
		code, text, _ := ask(t, "GET", p.URL()+"/sumPrime/"+first[1], "")
		if code == 200 && text == want {
			break
		}
		if code != 200 || !strings.Contains(text, `"IN_PROGRESS","payload":null`) {
			t.Fatalf("GET: %d %q", code, text)
		}
	}
	if n := kept(t, p); n != 1 {
		t.Errorf("%d entries are stored, want 1", n)
	}
}

// R110: who asks too often is told when to come back.
func TestTooManyRequestsAreAnswered429(t *testing.T) {
	p := startService(t, primes.Options{Servers: 1, Limits: primes.Limits{Rate: 1, Burst: 3}})
	for range 1000 {
		code, text, header := ask(t, "GET", p.URL()+"/sumPrime/none", "")
		if code == http.StatusTooManyRequests {
			if text != "too many requests\n" || header.Get("Retry-After") != "1" {
				t.Errorf("429 with %q, Retry-After %q", text, header.Get("Retry-After"))
			}
			return
		}
	}
	t.Error("1,000 requests at once are all answered")
}

// A page of another site cannot have a visitor's browser submit work.
func TestSubmissionsOfOtherSitesAreRefused(t *testing.T) {
	p := startService(t, primes.Options{})
	req, err := http.NewRequestWithContext(t.Context(), "POST", p.URL()+"/sumPrime", strings.NewReader(`{"a": 1, "b": 10}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://elsewhere.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("answered %s", res.Status)
	}
}
