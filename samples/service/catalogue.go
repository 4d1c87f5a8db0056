package main

import (
	"net/http"

	"google.golang.org/protobuf/types/known/structpb"
)

type product struct {
	name, maker, colour string
	price, weight       float64
	height, width       float64
	stock, sold         int64
	listed              bool
}

var products = []product{
	{"desk lamp", "Lumen & Sons", "brass", 39.9, 1.2, 48, 16, 1200, 87, true},
	{"kettle", "Hearth", "steel", 54, 0.9, 25, 22, 310, 402, true},
	{"bookend", "Oak & Iron", "black", 18.5, 2.1, 17, 12, 75, 1033, true},
	{"wall clock", "Tempo", "white", 72, 0.6, 31, 31, 0, 268, false},
}

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

// catalogue describes every product, and replies with the number of fields.
func catalogue(w http.ResponseWriter, describe func(*product) (*structpb.Struct, error)) {
	fields := 0
	for i := range products {
		message, err := describe(&products[i])
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fields += len(message.Fields)
	}
	reply(w, fields)
}

func catalogueSlow(w http.ResponseWriter, r *http.Request)  { catalogue(w, describeSlow) }
func catalogueFixed(w http.ResponseWriter, r *http.Request) { catalogue(w, describeFixed) }
