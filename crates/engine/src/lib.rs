//! Touches the swarm and says what happened.
