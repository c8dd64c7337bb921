// Package tickets has the asynchronous services of a large site as actors: web
// servers that answer at once whatever a job takes, a queue, workers with limited
// parallelism, callbacks between servers, and a tracker that can be asked how far a
// job is.
//
// A browser submits a job to any web server and gets the number of a ticket. It asks
// about that ticket from time to time, since nothing can call a browser. Behind the
// web servers a queue hands the job to a worker, at least once. When the job is done
// the worker either tells the tracker (a ticket), or calls back any web server, which
// stores the result in an index (a callback), or both: the result is stored first,
// and only then the ticket says that it is finished.
//
// The promises: a ticket exists before its number is told; its states go from in
// progress to finished or failed and never back; what is final stays the same until it
// expires, and does not expire before its time; every ticket becomes final. The effect
// of a callback happens once. The tracker is a replicated state machine on 2g+1 hosts
// and keeps its promises while g of them are down.
package tickets
