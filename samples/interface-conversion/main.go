// Command interface-conversion builds the same protobuf Struct from a map[string]interface{} and from concrete values.
package main

import (
	"google.golang.org/protobuf/types/known/structpb"

	"escprof/samples/internal/measure"
)

type product struct {
	name, maker, colour string
	price, weight       float64
	height, width       float64
	stock, sold         int64
	listed              bool
}

var lamp = product{
	name: "desk lamp", maker: "Lumen & Sons", colour: "brass", price: 39.9, weight: 1.2, height: 48, width: 16,
	stock: 1200, sold: 87, listed: true,
}

// describeSlow boxes every field in an interface, in a map that is thrown away as soon as NewStruct has copied it.
func describeSlow(p *product) (*structpb.Struct, error) {
	return structpb.NewStruct(map[string]interface{}{
		"name":   p.name,
		"maker":  p.maker,
		"colour": p.colour,
		"price":  p.price,
		"weight": p.weight,
		"height": p.height,
		"width":  p.width,
		"stock":  p.stock,
		"sold":   p.sold,
		"listed": p.listed,
	})
}

// describeFixed makes the values that the message holds, and nothing else.
func describeFixed(p *product) (*structpb.Struct, error) {
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"name":   structpb.NewStringValue(p.name),
		"maker":  structpb.NewStringValue(p.maker),
		"colour": structpb.NewStringValue(p.colour),
		"price":  structpb.NewNumberValue(p.price),
		"weight": structpb.NewNumberValue(p.weight),
		"height": structpb.NewNumberValue(p.height),
		"width":  structpb.NewNumberValue(p.width),
		"stock":  structpb.NewNumberValue(float64(p.stock)),
		"sold":   structpb.NewNumberValue(float64(p.sold)),
		"listed": structpb.NewBoolValue(p.listed),
	}}, nil
}

var fields int

func countFields(describe func(*product) (*structpb.Struct, error)) func() {
	return func() {
		message, err := describe(&lamp)
		if err != nil {
			panic(err)
		}
		fields += len(message.Fields)
	}
}

func main() {
	measure.Main("interface-conversion",
		measure.Variants{Slow: countFields(describeSlow), Fixed: countFields(describeFixed)})
}
