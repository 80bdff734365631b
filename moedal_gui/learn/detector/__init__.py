"""The learned detector's training: windows of fields in, a network with its card out."""
