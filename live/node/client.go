package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/simrun/simrun/actors/primes"
)

// A PrimesClient uses a sum-of-primes service over HTTP. Its methods are safe for
// concurrent use.
type PrimesClient struct {
	// URL is that of the service, such as http://127.0.0.1:8080.
	URL string
	// HTTP is used for the requests; nil is a client with a timeout of 40 s.
	HTTP *http.Client
	// Patience is that of primes.Client.
	Patience primes.Patience
}

// SumPrime returns the sum of the primes in [a, b): see primes.Client.SumPrime. It returns
// soon after ctx ends. A range that the service refuses is a primes.Refusal.
func (c *PrimesClient) SumPrime(ctx context.Context, a, b int64) (int64, error) {
	conn := &httpConn{ctx: ctx, url: strings.TrimSuffix(c.URL, "/") + "/sumPrime", client: c.HTTP, began: time.Now()}
	if conn.client == nil {
		conn.client = &http.Client{Timeout: answerTime + 10*time.Second}
	}
	library := primes.Client{Conn: conn, Patience: c.Patience, Rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
	return library.SumPrime(ctx, a, b)
}

// An httpConn is the primes.Conn of one call.
type httpConn struct {
	ctx    context.Context
	url    string
	client *http.Client
	began  time.Time
}

// answerMax is the longest answer that is read.
const answerMax = 4 << 10

// Submit posts a range.
func (c *httpConn) Submit(a, b int64) (primes.Response, error) {
	body, err := json.Marshal(submission{A: &a, B: &b})
	if err != nil {
		return primes.Response{}, err
	}
	req, err := http.NewRequestWithContext(c.ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return primes.Response{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	return c.do(req)
}

// Poll gets a response.
func (c *httpConn) Poll(id, cookie string) (primes.Response, error) {
	req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, c.url+"/"+url.PathEscape(id), nil)
	if err != nil {
		return primes.Response{}, err
	}
	if cookie != "" {
		req.AddCookie(&http.Cookie{Name: cookieName, Value: cookie})
	}
	return c.do(req)
}

// Now counts from the begin of the call.
func (c *httpConn) Now() time.Duration { return time.Since(c.began) }

// Sleep ends with the context.
func (c *httpConn) Sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
	}
}

// do sends a request. A status that the service does not give a meaning to is an error,
// as no answer is.
func (c *httpConn) do(req *http.Request) (primes.Response, error) {
	res, err := c.client.Do(req)
	if err != nil {
		return primes.Response{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, answerMax))
	if err != nil {
		return primes.Response{}, err
	}
	switch code := primes.Code(res.StatusCode); code {
	case primes.OK:
	case primes.BadRequest, primes.NotFound, primes.TooMany, primes.Unavailable:
		return primes.Response{}, primes.Refusal{Code: code, Why: strings.TrimSpace(string(body))}
	default:
		return primes.Response{}, fmt.Errorf("%s %s: %s", req.Method, req.URL, res.Status)
	}
	var out result
	if err := json.Unmarshal(body, &out); err != nil {
		return primes.Response{}, fmt.Errorf("%s %s: %w", req.Method, req.URL, err)
	}
	response := primes.Response{ID: out.RequestID, Status: out.Status}
	if out.Payload != nil {
		response.Payload = *out.Payload
	}
	for _, cookie := range res.Cookies() {
		if cookie.Name == cookieName {
			response.Cookie = cookie.Value
		}
	}
	return response, nil
}

// runSum is the command `node sum`.
func runSum(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	client := &PrimesClient{}
	flags := flag.NewFlagSet("sum", flag.ContinueOnError)
	flags.StringVar(&client.URL, "url", "http://127.0.0.1:8080", "where the service is")
	timeout := flags.Duration("timeout", 0, "after which to give up; 0: never")
	if err := parse(flags, args, stderr, 2); err != nil {
		return err
	}
	var ends [2]int64
	for i := range ends {
		n, err := strconv.ParseInt(flags.Arg(i), 10, 64)
		if err != nil {
			fmt.Fprintf(stderr, "node sum: %q is not an integer\n", flags.Arg(i))
			return errUsage
		}
		ends[i] = n
	}
	if *timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *timeout)
		defer cancel()
	}
	sum, err := client.SumPrime(ctx, ends[0], ends[1])
	var refused primes.Refusal
	if errors.As(err, &refused) {
		return errors.New(refused.Why)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, sum)
	return nil
}
