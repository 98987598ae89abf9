package main

import (
	"glasswatch/shared/azfunc"
	"glasswatch/shared/config"
	"glasswatch/shared/listing"
)

// settingRows is the catalogue of the settings that people configure.
func settingRows() listing.Catalogue {
	c := listing.Catalogue{Columns: []string{"setting", "needed", "default", "meaning"}}
	for _, group := range [][]config.Setting{config.Settings, config.OperatorSettings} {
		for _, s := range group {
			value := s.Default
			if value != "" {
				value = "`" + value + "`"
			}
			c.Rows = append(c.Rows, listing.CatalogueRow{
				Cells: []string{"`" + s.Name + "`", string(s.Need), value, s.Doc},
				Value: struct {
					V       int    `json:"v"`
					Name    string `json:"name"`
					Need    string `json:"need"`
					Default string `json:"default"`
					Secret  bool   `json:"secret"`
					Expects string `json:"expects"`
					Doc     string `json:"doc"`
				}{listing.Version, s.Name, string(s.Need), s.Default, s.Secret, s.Expects, s.Doc},
			})
		}
	}
	return c
}

// functionRows is the catalogue of the functions that the host may call.
func functionRows(functions []azfunc.Function) (listing.Catalogue, error) {
	c := listing.Catalogue{Columns: []string{"function", "started by", "where", "who may call it"}}
	for _, f := range functions {
		t, err := azfunc.ParseTrigger(f.Binding)
		if err != nil {
			return c, err
		}
		where, who := t.Schedule, "the host"
		switch {
		case t.HTTP():
			where, who = "/api/"+t.Route, t.AuthLevel
		case t.EventHubName != "":
			where = t.EventHubName
		}
		c.Rows = append(c.Rows, listing.CatalogueRow{
			Cells: []string{"`" + f.Name + "`", t.Type, "`" + where + "`", who},
			Value: struct {
				V       int    `json:"v"`
				Name    string `json:"name"`
				Trigger string `json:"trigger"`
				Where   string `json:"where"`
				Auth    string `json:"auth"`
			}{listing.Version, f.Name, t.Type, where, who},
		})
	}
	return c, nil
}
