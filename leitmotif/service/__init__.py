"""The HTTP service and the tools for agents: jobs that outlive whoever asked for them."""
