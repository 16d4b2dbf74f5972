namespace Pup.Silo.Doctor.Checks;

/// <summary>A session that does something, or keeps a transaction open.</summary>
/// <param name="Pid">Its process.</param>
/// <param name="Application">Its application name.</param>
/// <param name="State">What it does.</param>
/// <param name="Age">How long it has been doing it.</param>
internal sealed record BusySession(int Pid, string? Application, string State, TimeSpan Age);
