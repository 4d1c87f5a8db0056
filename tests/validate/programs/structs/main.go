// An API server's work: requests come as protobuf, are answered with structs of any fields, and counted. It is the case
// that escprof began with: maps of interfaces made only to be turned into protobuf values.
package main

import (
	"strconv"

	"escprof.test/validate/run"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

type server struct {
	noMap, noUnmarshal, noBuffer, noKeys bool

	request *structpb.Struct
	buffer  []byte
	cache   []*structpb.Struct // the last answers, kept
	keys    map[int]string
}

//go:noinline
func attributes(id int, name string) map[string]any {
	return map[string]any{
		"id": float64(id), "name": name, "active": id%2 == 0, "score": float64(id) / 3,
		"limits": map[string]any{"low": float64(id % 10), "high": float64(id % 100)},
	}
}

//go:noinline
func answerByMap(id int, name string) *structpb.Struct {
	answer, err := structpb.NewStruct(attributes(id, name))
	if err != nil {
		panic(err)
	}
	return answer
}

// answerByFields makes the same without the maps in between.
//
//go:noinline
func answerByFields(id int, name string) *structpb.Struct {
	limits := &structpb.Struct{Fields: map[string]*structpb.Value{
		"low": structpb.NewNumberValue(float64(id % 10)), "high": structpb.NewNumberValue(float64(id % 100))}}
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"id": structpb.NewNumberValue(float64(id)), "name": structpb.NewStringValue(name),
		"active": structpb.NewBoolValue(id%2 == 0), "score": structpb.NewNumberValue(float64(id) / 3),
		"limits": structpb.NewStructValue(limits)}}
}

//go:noinline
func unmarshalled(data []byte) *structpb.Struct {
	request := &structpb.Struct{}
	if err := proto.Unmarshal(data, request); err != nil {
		panic(err)
	}
	return request
}

// read is the request's length and id. Without unmarshalling, what was read the first time stands for all.
func (s *server) read(data []byte) int {
	if !s.noUnmarshal {
		return len(unmarshalled(data).Fields)
	}
	if s.request == nil {
		s.request = unmarshalled(data)
	}
	return len(s.request.Fields)
}

//go:noinline
func newBuffer(size int) []byte { return make([]byte, 0, size) }

// sumOf is the same for every order of the fields.
func sumOf(data []byte) uint64 {
	sum := uint64(len(data)) << 32
	for _, b := range data {
		sum += uint64(b)
	}
	return sum
}

func (s *server) write(answer *structpb.Struct) uint64 {
	size := proto.Size(answer)
	buffer := s.buffer[:0]
	if !s.noBuffer {
		buffer = newBuffer(size)
	} else if cap(buffer) < size {
		s.buffer = make([]byte, 0, 2*size)
		buffer = s.buffer
	}
	data, err := proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(buffer, answer)
	if err != nil {
		panic(err)
	}
	return sumOf(data)
}

//go:noinline
func keyOf(id int) string { return "customer/" + strconv.Itoa(id) + "/of/this/service" }

func (s *server) key(id int) string {
	if !s.noKeys {
		return keyOf(id)
	}
	key, ok := s.keys[id]
	if !ok {
		key = keyOf(id)
		s.keys[id] = key
	}
	return key
}

func (s *server) serve(number int, data []byte) uint64 {
	id := s.read(data)*1000 + number%500
	name := s.key(number % 500)
	answer := (*structpb.Struct)(nil)
	if s.noMap {
		answer = answerByFields(id, name)
	} else {
		answer = answerByMap(id, name)
	}
	s.cache[number%len(s.cache)] = answer
	return s.write(answer)
}

func main() {
	run.Start()
	data, err := proto.Marshal(answerByFields(7, "a request"))
	if err != nil {
		panic(err)
	}
	run.End(run.Work(func(int) (sum uint64) {
		s := &server{noMap: run.Without("maps"), noUnmarshal: run.Without("requests"),
			noBuffer: run.Without("bytes"), noKeys: run.Without("keys"),
			cache: make([]*structpb.Struct, 8000), keys: make(map[int]string)}
		for i := 0; i < run.Scaled(270000); i++ {
			sum = sum*31 + s.serve(i, data)
		}
		return sum
	}))
}
