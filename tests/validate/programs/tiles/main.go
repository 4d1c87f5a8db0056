// A server of map tiles: a tile is cut out of a large image, smoothed, and painted with few colors; those asked for last
// are kept, and so is who asked. Pictures are large and hold no pointers, what is known of them is small and has many.
package main

import (
	"container/list"
	"image"
	"image/color"

	"escprof.test/validate/run"
)

const (
	side    = 32   // of a tile
	across  = 1024 // of the image, which repeats itself
	cached  = 4500 // tiles
	popular = 4200 // tiles that are asked for most of the time
	colors  = 12   // of a tile
	visits  = 40000
	every   = 3 // so many dots of a tile are looked at for its colors
)

// tile is a picture that is kept: dots are numbers of its colors.
type tile struct {
	number       uint64
	dots         []byte
	palette      color.Palette
	fixed        [colors]color.RGBA // the palette without interfaces
	place        *list.Element
	newer, older *tile // the place in a list without elements
	asked        int
}

type visit struct {
	of         *tile
	user, time int
}

type server struct {
	image  *image.RGBA
	tiles  map[uint64]*tile
	order  *list.List
	ends   tile // of the list without elements: its newer is the oldest, its older the newest
	kept   int
	random run.Random
	visits [visits]*visit
	turn   int

	cut   *image.RGBA
	plane []uint16

	noCuts, noPlanes, noColors, noPalettes, noElements, noVisits bool
}

//go:noinline
func newCut() *image.RGBA { return image.NewRGBA(image.Rect(0, 0, side, side)) }

//go:noinline
func newPlane() []uint16 { return make([]uint16, side*side*3) }

//go:noinline
func newDots() []byte { return make([]byte, side*side) }

// colorAt is a dot's color behind an interface, as package image has it.
//
//go:noinline
func colorAt(picture image.Image, x, y int) color.Color { return picture.At(x, y) }

//go:noinline
func newPalette(from *[colors]color.RGBA) color.Palette {
	p := make(color.Palette, colors)
	for i := range p {
		p[i] = from[i]
	}
	return p
}

//go:noinline
func newElement(order *list.List, t *tile) *list.Element { return order.PushFront(t) }

//go:noinline
func newVisit() *visit { return new(visit) }

func newServer(w int) *server {
	s := &server{image: image.NewRGBA(image.Rect(0, 0, across, across)), tiles: make(map[uint64]*tile, cached),
		order: list.New(), random: run.Random(w + 127), cut: newCut(), plane: newPlane(),
		noCuts: run.Without("cuts"), noPlanes: run.Without("planes"), noColors: run.Without("colors"),
		noPalettes: run.Without("palettes"), noElements: run.Without("elements"), noVisits: run.Without("visits")}
	s.ends.newer, s.ends.older = &s.ends, &s.ends
	for i := range s.image.Pix {
		s.image.Pix[i] = byte(i/7 ^ i/(4*across)*5)
	}
	return s
}

// cutOut is a tile's part of the image.
func (s *server) cutOut(number uint64) *image.RGBA {
	cut := s.cut
	if !s.noCuts {
		cut = newCut()
	}
	x, y := int(number*37%(across-side)), int(number*101%(across-side))
	for row := 0; row < side; row++ {
		from := s.image.PixOffset(x, y+row)
		copy(cut.Pix[row*cut.Stride:], s.image.Pix[from:from+4*side])
	}
	return cut
}

// smooth takes the mean of each dot and those beside it, row by row.
func (s *server) smooth(cut *image.RGBA) {
	plane := s.plane
	if !s.noPlanes {
		plane = newPlane()
	}
	for i := 0; i < side*side; i++ {
		for part := 0; part < 3; part++ {
			plane[3*i+part] = uint16(cut.Pix[4*i+part])
		}
	}
	for row := 0; row < side; row++ {
		line := plane[3*side*row : 3*side*(row+1)]
		for i := 3; i < len(line)-3; i++ {
			line[i] = (line[i-3] + 2*line[i] + line[i+3]) / 4
		}
	}
	for i := 0; i < side*side; i++ {
		for part := 0; part < 3; part++ {
			cut.Pix[4*i+part] = byte(plane[3*i+part])
		}
	}
}

// colorsOf chooses a tile's colors: of dots that are alike the brightest.
func (s *server) colorsOf(cut *image.RGBA) (chosen [colors]color.RGBA) {
	for i := 0; i < side*side; i += every {
		var c color.RGBA
		if s.noColors {
			c = cut.RGBAAt(i%side, i/side)
		} else {
			c = colorAt(cut, i%side, i/side).(color.RGBA)
		}
		if old := &chosen[int(c.R)*colors/256]; int(c.G)+int(c.B) > int(old.G)+int(old.B) {
			*old = c
		}
	}
	return chosen
}

func (s *server) paint(t *tile) {
	cut := s.cutOut(t.number)
	s.smooth(cut)
	t.fixed = s.colorsOf(cut)
	if !s.noPalettes {
		t.palette = newPalette(&t.fixed)
	}
	t.dots = newDots()
	for i := range t.dots {
		t.dots[i] = byte(int(cut.Pix[4*i]) * colors / 256)
	}
}

// enter puts a tile at the head of the list, and takes its end away when there are too many.
func (s *server) enter(t *tile) {
	if s.kept++; s.kept > cached {
		s.kept--
		oldest := s.ends.newer
		if s.noElements {
			oldest.leave()
		} else {
			oldest = s.order.Remove(s.order.Back()).(*tile)
		}
		delete(s.tiles, oldest.number)
	}
	if s.noElements {
		s.lead(t)
	} else {
		t.place = newElement(s.order, t)
	}
	s.tiles[t.number] = t
}

func (s *server) lead(t *tile) {
	t.newer, t.older = &s.ends, s.ends.older
	t.newer.older, t.older.newer = t, t
}

func (t *tile) leave() {
	t.newer.older, t.older.newer = t.older, t.newer
	t.newer, t.older = nil, nil
}

func (s *server) find(number uint64) *tile {
	t := s.tiles[number]
	if t == nil {
		t = &tile{number: number}
		s.paint(t)
		s.enter(t)
	} else if s.noElements {
		t.leave()
		s.lead(t)
	} else {
		s.order.MoveToFront(t.place)
	}
	return t
}

// note remembers who asked, in the place of who asked first.
func (s *server) note(t *tile, user int) (sum uint64) {
	at := &s.visits[s.turn%visits]
	v := *at
	if v == nil || !s.noVisits {
		v = newVisit()
		*at = v
	}
	*v = visit{t, user, s.turn}
	s.turn++
	if old := s.visits[s.random.Next()>>20%visits]; old != nil {
		sum = old.of.number + uint64(old.time)
	}
	return sum
}

func (s *server) answer(number uint64) (sum uint64) {
	t := s.find(number)
	t.asked++
	dot := t.dots[s.random.Next()>>20%uint64(len(t.dots))]
	c := t.fixed[dot]
	if !s.noPalettes {
		c = t.palette[dot].(color.RGBA)
	}
	return uint64(c.R)<<16 + uint64(c.G)<<8 + uint64(c.B) + uint64(t.asked)
}

func main() {
	run.Start()
	run.End(run.Work(func(w int) (sum uint64) {
		s := newServer(w)
		for i := 0; i < run.Scaled(500000); i++ {
			asked := s.random.Next()
			number := asked >> 20 % popular
			if asked%10 == 0 {
				number = popular + asked>>20%1000000
			}
			sum = sum*31 + s.answer(number)
			sum += s.note(s.tiles[number], int(asked>>40%1000))
		}
		return sum
	}))
}
