package tickets

import (
	"time"

	"github.com/simrun/simrun/actors"
)

// Photos is how a web server stores and shows photos. It belongs to one actor or
// program.
type Photos struct {
	env      actors.Env
	opts     PhotoOptions
	patience time.Duration
}

// photoAttempts is how often a request is sent that is not answered.
const photoAttempts = 3

// NewPhotos returns the facade of the photo servers; each of its calls takes patience,
// at most.
func NewPhotos(env actors.Env, opts PhotoOptions, patience time.Duration) *Photos {
	return &Photos{env: env, opts: opts, patience: patience}
}

// Store stores a photo. It returns true once every primary has it on disk; false says
// nothing: it may be stored or not, now or later.
func (p *Photos) Store(id, content string) bool {
	for range photoAttempts {
		reply, err := p.env.Request(p.env.PID(p.opts.Primaries[0]+"/"+PhotoActor), StorePhoto{ID: id, Content: content}, p.patience/photoAttempts)
		if err != nil {
			continue
		}
		_, stored := reply.(PhotoStored)
		return stored
	}
	return false
}

// Show returns a photo. It asks the home, which alone knows what does not exist, and
// if it does not answer with certainty the backups. A Photo that is neither Found nor
// Absent says nothing.
func (p *Photos) Show(id string) Photo {
	hosts := append([]string{p.opts.Primaries[0]}, p.opts.Backups...)
	for _, host := range hosts {
		reply, err := p.env.Request(p.env.PID(host+"/"+PhotoActor), ShowPhoto{ID: id}, p.patience/time.Duration(len(hosts)))
		if photo, ok := reply.(Photo); err == nil && ok && (photo.Found || photo.Absent) {
			return photo
		}
	}
	return Photo{ID: id}
}
