"""Work on files from outside in processes whose death costs one file and nothing else."""
