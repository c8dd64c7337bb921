package threads

func inTest() { go func() {}() }
