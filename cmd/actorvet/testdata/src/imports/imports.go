package imports

import (
	_ "crypto/rand" // want `import of crypto/rand: use env.Rand`
	_ "hash/fnv"
	_ "hash/maphash" // want `import of hash/maphash`
	_ "io"
	_ "io/fs"
	_ "net"      // want `import of net: send messages with env.Send`
	_ "net/http" // want `import of net/http`
	_ "os"       // want `import of os: use env.Disk`
	_ "os/exec"  // want `import of os/exec`
	_ "path"
	_ "runtime"       // want `import of runtime`
	_ "runtime/debug" // want `import of runtime/debug`
	_ "sync"          // want `import of sync: an actor has one thread`
	_ "sync/atomic"   // want `import of sync/atomic`
	_ "syscall"       // want `import of syscall`
	_ "unsafe"        // want `import of unsafe`

	_ "github.com/asynkron/protoactor-go/actor"
	_ "github.com/asynkron/protoactor-go/remote" // want `import of .*/remote: of proto.actor only package actor can be simulated`
	_ "github.com/asynkron/protoactor-go/router" // want `import of .*/router`

	_ "github.com/simrun/simrun/actors"
)
