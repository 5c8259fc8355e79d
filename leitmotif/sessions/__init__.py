"""What a page or a service holds for somebody: jobs, files, films. Nothing here knows Streamlit."""
