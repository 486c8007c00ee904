//! Records on their way to the cluster.
