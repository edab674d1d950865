"""Documents to passages, and questions to passages: loaders, chunking, embeddings, index."""
