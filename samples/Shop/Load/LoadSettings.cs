namespace Shop.Load;

/// <summary>How many orders a second, and for how long.</summary>
internal sealed record LoadSettings(int Rate, int Seconds);
