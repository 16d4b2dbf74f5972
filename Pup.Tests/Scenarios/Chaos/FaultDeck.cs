namespace Pup.Tests.Scenarios.Chaos;

/// <summary>Kinds of faults in a random order, each once before any comes again.</summary>
/// <param name="random">The order.</param>
/// <param name="hasNetwork">Whether packets can be dropped.</param>
internal sealed class FaultDeck(Random random, bool hasNetwork)
{
    private readonly Stack<FaultKind> _cards = [];

    public FaultKind Next()
    {
        if (_cards.Count == 0)
        {
            var all = Array.FindAll(Enum.GetValues<FaultKind>(), kind => hasNetwork || kind is not (FaultKind.DropFromServer or FaultKind.DropFromSilos));
            random.Shuffle(all);
            foreach (var kind in all)
                _cards.Push(kind);
        }

        return _cards.Pop();
    }
}
