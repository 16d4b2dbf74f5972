namespace Pup.Silo.Configuration;

/// <summary>How log lines are written.</summary>
internal enum LogFormats
{
    Text,
    Json,
}
