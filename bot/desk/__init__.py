"""The help desk: who asks for a person, what citizens said of us, what could not be sent."""
