"""What touches a host: one room for each, and the plugin that offers our options in their configs."""
