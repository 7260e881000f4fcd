size = 3
zones = ["a", "b"]
labels = { tier = "backend" }
